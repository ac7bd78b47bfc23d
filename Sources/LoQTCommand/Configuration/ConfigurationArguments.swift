import ArgumentParser

/// A file of options in place of a long command line.
struct ConfigurationArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      A JSON file with options by their names, such as {"steps": 500, "keep-best": true}. What the command \
      line says takes precedence.
      """, valueName: "file"),
    completion: .file(extensions: ["json"]))
  var configuration: String?

  @Flag(
    help: "Print every option with the value that it has, as such a file, and end.")
  var printConfiguration = false
}

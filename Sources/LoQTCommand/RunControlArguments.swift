import ArgumentParser
import Training

/// How a run is conducted and what it leaves: what can be said anew each time that it goes on.
struct RunControlArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The folder of the results. (default: runs/METHOD-MODEL-SEED, numbered where there is one already; \
      a run that goes on stays where it is)
      """, valueName: "folder"),
    completion: .directory)
  var output: String?

  @Flag(help: "Replace the run that the folder of the results holds.")
  var overwrite = false

  @Option(
    help: ArgumentHelp("Where to write the run's numbers, as JSON.", valueName: "file"),
    completion: .file())
  var summary: String?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      """
      Write the loss and the rate of each step to metrics.jsonl, metrics.csv and TensorBoard's event files \
      in the folder of the results, while the run goes on.
      """))
  var metrics = true

  @Flag(inversion: .prefixedNo, help: "Write the checkpoint at the end.")
  var checkpoint = true

  @Option(
    help: ArgumentHelp(
      "Save a checkpoint every so many steps. (default: at the end and at Ctrl-C)",
      valueName: "steps"))
  var saveEvery: Int?

  @Option(
    help: ArgumentHelp(
      """
      Checkpoints to keep: the newest, and those before it in the folder earlier of the results. (default: 1; \
      as many as there are when a run goes on)
      """, valueName: "count"))
  var keep: Int?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      """
      Keep the model of the best evaluation in the folder best of the results. (default: in finetune and \
      with --early-stopping)
      """))
  var keepBest: Bool?

  @Option(
    help: ArgumentHelp(
      """
      Stop when so many evaluations in a row have brought no better one. The best is kept in the folder \
      best of the results.
      """, valueName: "count"))
  var earlyStopping: Int?

  @Option(
    help: ArgumentHelp(
      """
      Steps in a row whose loss or gradients may fail to be finite numbers. They are skipped; after so many \
      the run ends, with exit code 3 and the path of the last good state.
      """, valueName: "count"))
  var skipLimit = 5

  @Option(help: ArgumentHelp("Threads. (default: one per processor)", valueName: "count"))
  var threads: Int?

  @Flag(help: "Start even if memory or disk seem too small.")
  var force = false

  /// Throws an `InputError` for a count that is none.
  func check() throws(InputError) {
    for (name, value) in [
      ("save-every", saveEvery), ("keep", keep), ("early-stopping", earlyStopping),
      ("skip-limit", skipLimit),
    ] {
      if let value, !(1...1 << 31).contains(value) {
        throw InputError("--\(name) \(value) is not a count. Give 1 or more.")
      }
    }
  }
}

import ArgumentParser
import Training

/// Which labelled texts are learnt or measured on.
struct ClassifierArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Texts with labels: CSV, tab-separated columns or JSON lines. A header is recognised by usual names such \
      as text, sentence1 and label; without one a line is a label, a tab and a text.
      """, valueName: "file"))
  var classify: String?

  @Option(
    help: ArgumentHelp(
      """
      Which columns hold what, by name or, without a header, by number: \
      text=sentence1,pair=sentence2,label=gold or text=2,label=1. (default: told by the header)
      """, valueName: "list"))
  var columns: String?

  @Flag(help: "The labels are numbers to be predicted, not names of classes.")
  var regression = false

  /// The columns that were named.
  var labelColumns: LabelColumns {
    get throws(InputError) {
      try columns.map { text throws(InputError) in try LabelColumns(text) } ?? LabelColumns()
    }
  }

  /// The files of a run; nil where no classifier is asked for.
  func files(validation: String?) throws(InputError) -> LabelledFiles? {
    guard let classify else {
      guard columns == nil, !regression else {
        throw InputError(
          "--columns and --regression are about labelled texts. Give these with --classify.")
      }
      return nil
    }
    var files = LabelledFiles(classify, validation: validation)
    files.columns = try labelColumns
    files.isRegression = regression
    return files
  }
}

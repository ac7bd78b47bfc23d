import ArgumentParser
import Formatting
import Training

/// `loqt methods`: the methods of training.
struct Methods: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "methods",
    abstract: "List the methods of training, with what each does and its usual learning rate.",
    discussion: "Any of them is chosen by --method; the usual one is \(TrainingMethod.loqt.name).")

  func run() {
    let lines = TrainingMethod.allCases.map { method in
      [method.name, method.summary, "\(method.defaults.learningRate)"]
    }
    let widths = [0, 1].map { column in lines.map { $0[column].count }.max() ?? 0 }
    print("method".padded(to: widths[0]) + "  " + "what it does".padded(to: widths[1]) + "  rate")
    for line in lines {
      print(line[0].padded(to: widths[0]) + "  " + line[1].padded(to: widths[1]) + "  " + line[2])
    }
  }
}

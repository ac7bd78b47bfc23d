import Autodiff
import Foundation
import JSON
import LanguageModels
import Layers
import TensorFiles
import TestSupport
import Testing
import Tokenization
import Training

/// `loqt finetune` on examples, as a person calls it.
@Suite struct FineTuneCommandTests {
  private struct Outcome {
    var code: Int32
    var output: String
    var errors: String
  }

  private static let executable = Bundle.main.bundleURL.appending(component: "loqt").path

  private func loqt(_ arguments: [String], in folder: String, input: String? = nil) throws
    -> Outcome
  {
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = URL(filePath: Self.executable)
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder)
    process.standardOutput = output
    process.standardError = errors
    if let input {
      process.standardInput = try FileHandle(forReadingFrom: URL(filePath: "\(folder)/\(input)"))
    }
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let message = String(
      decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Outcome(code: process.terminationStatus, output: text, errors: message)
  }

  /// Runs in a folder with the model `base` of bytes and the conversations `chats.jsonl`.
  private func withModel(_ body: (String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      try Data(patternedText(40_000)).write(to: URL(filePath: folder + "/text.txt"))
      let chats = (0..<80).map { number in
        #"{"messages": [{"role": "user", "content": "number \#(number)"}, "#
          + #"{"role": "assistant", "content": "\#(number * 3)"}]}"# + "\n"
      }
      try Data(chats.joined().utf8).write(to: URL(filePath: folder + "/chats.jsonl"))
      let sizes =
        #"{"model_type": "llama", "hidden_size": 64, "intermediate_size": 176, "#
        + #""num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 128, "vocab_size": 256}"#
      try Data(sizes.utf8).write(to: URL(filePath: folder + "/tiny.json"))
      let made = try loqt(
        [
          "pretrain", "--config", "tiny.json", "--text", "text.txt", "--vocabulary", "256",
          "--steps", "2", "--batch", "2",
        ]
          + ["--sequence", "16", "--method", "full", "--output", "made"], in: folder)
      #expect(made.code == 0, "\(made.errors)")
      try FileManager.default.moveItem(
        atPath: folder + "/made/checkpoint", toPath: folder + "/base")
      try body(folder)
    }
  }

  private let short = [
    "finetune", "--weights", "base", "--data", "chats.jsonl", "--chat-template", "chatml",
    "--batch", "4", "--sequence", "96",
  ]

  @Test func examplesAreLearntForSomeEpochsAndTheBestIsKept() throws {
    try withModel { folder in
      let outcome = try loqt(
        short + ["--epochs", "2", "--output", "out", "--summary", "s.json"], in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
      let summary = try JSONDocument(path: folder + "/s.json")
      let data = try #require(try summary.optionalDocument("data"))
      #expect(try data.integer("examples") == 76 && data.integer("validation_examples") == 4)
      let windows = try data.integer("windows")
      #expect(try summary.integer("steps") == (2 * windows + 3) / 4)
      for piece in ["76 examples to train on, 4 to validate", "% of them with loss", "out/best"] {
        #expect(outcome.output.contains(piece), "\(piece)")
      }
      let best = try Checkpoint(path: folder + "/out/best")
      #expect(best.tokenizer.vocabularySize == 256)
      #expect(!FileManager.default.fileExists(atPath: folder + "/out/best/optimizer.state"))
      let report = try String(contentsOfFile: folder + "/out/report.html", encoding: .utf8)
      #expect(report.contains("76, and 4 to measure on"))
    }
  }

  @Test func adaptersBeginAsIsUsual() throws {
    try withModel { folder in
      let outcome = try loqt(
        short + ["--method", "lora", "--steps", "2", "--output", "out", "--no-keep-best"],
        in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("lora, rank 16, scale 2"), "\(outcome.output)")
      #expect(outcome.output.contains("learning rate 0.0001"))
      #expect(!FileManager.default.fileExists(atPath: folder + "/out/best"))
      // What is not trained is where it was.
      let (start, end) = try (
        Checkpoint(path: folder + "/base").model, Checkpoint(path: folder + "/out/checkpoint").model
      )
      #expect(start.embedding.weight.tensor == end.embedding.weight.tensor)
    }
  }

  @Test func aRunStopsEarlyWhereNothingGetsBetter() throws {
    try withModel { folder in
      let outcome = try loqt(
        short + ["--steps", "40", "--early-stopping", "2", "--learning-rate", "1e-12"]
          + ["--method", "full", "--output", "out"], in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("evaluations were no better"), "\(outcome.output)")
      let record = try #require(try Checkpoint(path: folder + "/out/checkpoint").record)
      #expect(record.steps.count < 40)
      #expect(record.notices.contains { $0.hasPrefix("Stopped after step") })
      // It can be continued, but not by another method.
      let refused = try loqt(["finetune", "--resume", "out", "--rank", "4"], in: folder)
      #expect(
        refused.code != 0 && refused.errors.contains("--rank was set when"), "\(refused.errors)")
    }
  }

  @Test func theFastestSettingThatFitsIsTaken() throws {
    try withModel { folder in
      let plenty = try loqt(short + ["--steps", "1", "--fit", "8G"], in: folder)
      #expect(
        plenty.code == 0 && plenty.output.contains("as it is, which fits"), "\(plenty.errors)")
      let none = try loqt(short + ["--steps", "1", "--fit", "1M"], in: folder)
      #expect(none.code != 0 && none.errors.contains("No memory setting fits"), "\(none.errors)")
    }
  }

  @Test func textsAreClassifiedAndWhatIsSavedSaysTheSame() throws {
    try withModel { folder in
      // Upper case is one class, lower case the other, with a comma and a line end in quotes.
      let rows = (0..<96).map { number -> String in
        let text = "\"words, \(number)\nand more\""
        return number % 2 == 0 ? "loud,\(text.uppercased())\n" : "quiet,\(text)\n"
      }
      try Data(("label,text\n" + rows.joined()).utf8).write(
        to: URL(filePath: folder + "/cases.csv"))
      let classify = ["finetune", "--weights", "base", "--classify", "cases.csv", "--batch", "8"]
      let outcome = try loqt(
        classify + ["--sequence", "32", "--method", "full", "--learning-rate", "1e-3"]
          + ["--steps", "60", "--fit", "8G", "--summary", "s.json", "--output", "out"], in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
      for piece in ["2 labels (loud, quiet)", "as it is, which fits", "accuracy"] {
        #expect(outcome.output.contains(piece), "\(piece) in \(outcome.output)")
      }
      // The texts of all 96 rows, of which those of one class are equal but for their numbers.
      let evaluated = try loqt(
        ["evaluate", "--weights", "out/checkpoint", "--classify", "cases.csv", "--json"], in: folder
      )
      #expect(evaluated.code == 0, "\(evaluated.errors)")
      let scores = try JSONValue(parsing: evaluated.output)
      #expect(scores["accuracy"]?.numberValue ?? 0 > 0.95, "\(evaluated.output)")

      let least = try loqt(classify + ["--fit", "1M"], in: folder)
      #expect(least.code != 0 && least.errors.contains("No memory setting fits"))
      try Data("label,text\nloud,\"never ends\n".utf8).write(
        to: URL(filePath: folder + "/bad.csv"))
      let bad = try loqt(
        ["finetune", "--weights", "base", "--classify", "bad.csv", "--output", "no"], in: folder)
      #expect(bad.code != 0 && bad.errors.contains("Line 2 of bad.csv"))
      #expect(!FileManager.default.fileExists(atPath: folder + "/no"))
    }
  }

  @Test func noRunOverwritesAnotherByDefaultAndAFolderIsEnoughToGoOn() throws {
    try withModel { folder in
      for name in ["runs/loqt-base-seed0", "runs/loqt-base-seed0-2"] {
        let outcome = try loqt(short + ["--steps", "1", "--rank", "8"], in: folder)
        #expect(outcome.code == 0 && outcome.output.contains(name + "/report.html"))
      }
      // A run that is over goes on when it is made longer.
      let over = try loqt(["finetune", "--resume", "runs/loqt-base-seed0"], in: folder)
      #expect(
        over.code != 0
          && over.errors.contains("runs/loqt-base-seed0/checkpoint has taken all its 1 steps"),
        "\(over.errors)")
    }
  }

  @Test func dataComeFromAPipeToo() throws {
    try withModel { folder in
      let files = try loqt(
        short + ["--steps", "2", "--method", "full", "--output", "a"], in: folder)
      var piped = short
      piped[4] = "-"
      let outcome = try loqt(
        piped + ["--steps", "2", "--method", "full", "--output", "b"], in: folder,
        input: "chats.jsonl")
      #expect(outcome.code == 0, "\(outcome.errors)")
      let models = try ["a", "b"].map {
        try Data(contentsOf: URL(filePath: "\(folder)/\($0)/checkpoint/model.safetensors"))
      }
      #expect(files.code == 0 && models[0] == models[1])
      let text = try loqt(
        ["pretrain", "--text", "-", "--vocabulary", "256", "--steps", "1", "--batch", "2"]
          + ["--sequence", "16", "--output", "c"], in: folder, input: "text.txt")
      #expect(text.code == 0, "\(text.errors)")
    }
  }

  @Test(
    arguments: [
      (["--data", "bad.jsonl"], "Line 2 of bad.jsonl"),
      (["--data", "missing.jsonl"], "missing.jsonl"),
      (["--data", "chats.jsonl"], "--chat-template: chatml"),
      (["--data", "chats.jsonl", "--chat-template", "x"], "There is no template x"),
      (
        ["--data", "chats.jsonl", "--chat-template", "chatml", "--batch", "99"],
        "fewer than one batch"
      ),
      (["--data", "chats.jsonl", "--text", "text.txt"], "Give one of them"),
      (["--text", "text.txt", "--epochs", "1", "--steps", "2"], "--epochs and --steps"),
      (["--text", "text.txt", "--early-stopping", "0"], "--early-stopping 0"),
      (["--text", "text.txt", "--epochs", "-1"], "--epochs"), ([], "nothing to learn"),
    ])
  func badInputIsASentenceAndLeavesNothing(_ arguments: [String], _ piece: String) throws {
    try withModel { folder in
      try Data("{\"text\": \"a\"}\n{\"text\": 1}\n".utf8).write(
        to: URL(filePath: folder + "/bad.jsonl"))
      let outcome = try loqt(["finetune", "--weights", "base"] + arguments, in: folder)
      #expect(outcome.code != 0 && outcome.errors.contains(piece), "\(outcome.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/runs"))
    }
  }
}

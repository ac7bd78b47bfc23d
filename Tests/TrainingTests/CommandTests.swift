import JSON
import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing
import Training

/// The command `loqt` as a user runs it.
@Suite struct CommandTests {
  private func loqt(_ arguments: [String], in folder: String) throws -> LoQTProcess.Outcome {
    try LoQTProcess(arguments, in: folder).finish()
  }

  /// Runs the command with an address space limited to so many MiB.
  private func limited(_ mebibytes: Int, _ arguments: [String], in folder: String) throws
    -> LoQTProcess.Outcome
  {
    let limit = ["-c", "ulimit -v \(mebibytes << 10); exec \"$0\" \"$@\"", LoQTProcess.executable]
    return try LoQTProcess(limit + arguments, of: "/bin/sh", in: folder).finish()
  }

  private let small = [
    "pretrain", "--text", "text.txt", "--vocabulary", "300", "--batch", "2", "--sequence", "16",
  ]

  @Test func aRunLeavesItsFiles() throws {
    try withText { folder in
      let outcome = try loqt(
        small + ["--steps", "12", "--summary", "summary.json", "--output", "out"], in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
      for piece in [
        "step 12/12", "merge at step 0", "survival", "validation perplexity", "bits per byte",
        "full-rank Adam", "out/checkpoint", "tokens/s", "ETA",
      ] {
        #expect(outcome.output.contains(piece), "\(piece)")
      }
      let summary = try JSONDocument(path: folder + "/summary.json")
      #expect(try summary.integer("steps") == 12)
      #expect(try summary.string("method") == "loqt")
      let checkpoint = try Checkpoint(path: folder + "/out/checkpoint")
      #expect(try checkpoint.record?.validationLoss == summary.number("validation_loss"))
    }
  }

  @Test(arguments: [
    (["--text", "missing.txt"], "missing.txt"), (["--text", "empty.txt"], "empty.txt"),
    (["--text", "/proc/self/fdinfo"], "no text files"),
    (["--text", "short.txt"], "fewer than one batch"),
    (["--preset", "huge"], "9m, 20m, 60m"), (["--rank", "0"], "--rank 0"),
    (["--layers", "query"], "q_proj"),
    (["--resume", "nowhere"], "nowhere"),
    (["--rank", "129"], "from 1 to 128"), (["--steps", "10", "--merge-gap", "10"], "--merge-gap"),
    (["--vocabulary", "12"], "--vocabulary"), (["--threads", "0"], "--threads"),
    (["--method", "lor"], "lor"), (["--scale", "nan"], "--scale"),
    (["--summary", "missing/summary.json"], "--summary"), (["--output", "text.txt"], "--output"),
  ])
  func badInputEndsWithASentence(_ arguments: [String], _ piece: String) throws {
    try withText { folder in
      try Data().write(to: URL(filePath: folder + "/empty.txt"))
      try Data("some words\n".utf8).write(to: URL(filePath: folder + "/short.txt"))
      let start = arguments[0] == "--text" ? ["pretrain"] : small
      let outcome = try loqt(start + arguments, in: folder)
      #expect(outcome.code != 0)
      #expect(outcome.errors.contains(piece), "\(outcome.errors)")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      #expect(names.filter { $0 != "runs" } == ["empty.txt", "short.txt", "text.txt"])
    }
  }

  /// 58 million parameters: 930 MB with Adam's state in single precision.
  private let sixtyMillion = [
    "pretrain", "--preset", "60m", "--model-vocabulary", "32000", "--vocabulary", "256", "--text",
    "text.txt", "--steps", "3", "--merge-gap", "2", "--batch", "1", "--sequence", "256",
    "--threads",
    "1", "--validation-tokens", "0", "--no-checkpoint", "--output", "out",
  ]
  private let frugal = [
    "--storage", "bf16", "--optimizer", "adamw8bit", "--rest-optimizer", "adamw8bit",
    "--activation-checkpointing", "--per-layer-updates", "--compensation", "0",
  ]

  @Test func aLimitTheDenseModelExceedsIsEnoughForLoQT() throws {
    try withText { folder in
      let dense = try limited(1_000, sixtyMillion + ["--method", "full"], in: folder)
      #expect(dense.code == 1)
      #expect(dense.errors.contains("address space"), "\(dense.errors)")
      #expect(dense.errors.contains("Cheaper settings"), "\(dense.errors)")
      let loqt = try limited(
        1_000, sixtyMillion + frugal + ["--summary", "summary.json"], in: folder)
      #expect(loqt.code == 0, "\(loqt.errors)")
      #expect(loqt.output.contains("memory after step 3"))
      let summary = try JSONDocument(path: folder + "/summary.json")
      let bytes = try #require(try summary.optionalDocument("bytes"))
      let counted = try summary.integer("tensor_bytes") + bytes.integer("other")
      let resident = try summary.integer("peak_resident_bytes")
      #expect(abs(Double(counted) / Double(resident) - 1) <= 0.05, "\(counted) of \(resident)")
    }
  }

  @Test func memoryThatRunsOutIsASentence() throws {
    try withText { folder in
      let forced = try limited(
        1_000, sixtyMillion + ["--method", "full", "--force"], in: folder)
      #expect(forced.code == 1)
      #expect(forced.errors.hasPrefix("Memory ran out"), "\(forced.errors)")
      #expect(forced.errors.split(separator: "\n").count == 1)
    }
  }

  @Test func anEstimateIsATableOrAnObject() throws {
    try withText { folder in
      let options = ["estimate", "--preset", "7b", "--rank", "1024", "--no-time"] + frugal
      let table = try loqt(options, in: folder)
      #expect(table.code == 0 && table.output.contains("optimizer state"), "\(table.errors)")
      let json = try loqt(options + ["--json"], in: folder)
      try Data(json.output.utf8).write(to: URL(filePath: folder + "/estimate.json"))
      let document = try JSONDocument(path: folder + "/estimate.json")
      let bytes = try #require(try document.optionalDocument("bytes"))
      let kinds = [
        "weights", "projections", "adapters", "optimizer", "gradients", "activations", "scratch",
        "projection_event",
      ]
      let sum = try kinds.reduce(0) { try $0 + bytes.integer($1) }
      #expect(try document.integer("total_bytes") == sum)
      #expect(try loqt(["estimate", "--paper"], in: folder).output.contains("1b loqt"))
      try Data("{\"hidden_size\": 0}".utf8).write(to: URL(filePath: folder + "/config.json"))
      let bad = try loqt(["estimate", "--config", "config.json"], in: folder)
      #expect(bad.code != 0 && bad.errors.contains("config.json"))
    }
  }

  @Test func aRunRepeatsToTheBit() throws {
    try withText { folder in
      let models = try ["one", "two"].map { output in
        let outcome = try loqt(small + ["--steps", "12", "--output", output], in: folder)
        #expect(outcome.code == 0)
        return try Data(
          contentsOf: URL(filePath: "\(folder)/\(output)/checkpoint/model.safetensors"))
      }
      #expect(models[0] == models[1])
    }
  }

  @Test func aStoppedRunGoesOnBitForBit() throws {
    try withText { folder in
      let arguments = small + ["--steps", "150"]
      #expect(try loqt(arguments + ["--output", "whole"], in: folder).code == 0)
      let cut = try LoQTProcess(arguments + ["--output", "cut"], in: folder)
      #expect(cut.interruptedAfterItsFirstStep().code == 130)
      let resumed = try loqt(["pretrain", "--resume", "cut/checkpoint"], in: folder)
      #expect(resumed.code == 0, "\(resumed.errors)")
      let models = try ["whole", "cut"].map {
        try Data(contentsOf: URL(filePath: "\(folder)/\($0)/checkpoint/model.safetensors"))
      }
      #expect(models[0] == models[1])
    }
  }

  @Test func anInterruptSavesAndSaysWhere() throws {
    try withText { folder in
      let run = try LoQTProcess(
        small + ["--steps", "100000", "--output", "out"], in: folder)
      let outcome = run.interruptedAfterItsFirstStep()
      #expect(run.process.terminationReason == .exit && outcome.code == 130)
      #expect(outcome.errors.contains("out/checkpoint"))
      let checkpoint = try Checkpoint(path: folder + "/out/checkpoint")
      #expect(try #require(checkpoint.record).steps.count >= 1)
    }
  }

  @Test func aTrainedModelIsGoneOnWithByItsFolderAlone() throws {
    try withText { folder in
      let made = try loqt(
        small + ["--method", "full", "--steps", "150", "--output", "full", "--summary", "f.json"],
        in: folder)
      #expect(made.code == 0, "\(made.errors)")
      // Tokenizer, sizes and matrices come from the folder: --vocabulary and --preset are not given.
      let begin = ["finetune", "--weights", "full/checkpoint"] + small.dropFirst().prefix(2)
      let batch = ["--batch", "2", "--sequence", "16", "--steps", "40", "--rank", "32"]
      let run = try loqt(begin + batch + ["--summary", "s.json", "--output", "on"], in: folder)
      #expect(run.code == 0, "\(run.errors)")
      #expect(!run.output.contains("Learning"), "The folder has a tokenizer.")
      // Random tokens have 5.7 nats, so the run continues the trained model.
      let base = try JSONDocument(path: folder + "/f.json").number("validation_loss")
      let continued = try JSONDocument(path: folder + "/s.json").number("validation_loss")
      #expect(continued < base + 0.1 && continued < 2.5, "\(base), then \(continued)")
      let estimate = try loqt(
        ["estimate", "--weights", "full/checkpoint", "--no-time", "--rank", "32"], in: folder)
      #expect(estimate.code == 0 && estimate.output.hasPrefix("checkpoint, loqt"))

      for (arguments, piece) in [
        (["--weights", "nowhere"], "no model at 'nowhere'"),
        (["--weights", "full/checkpoint", "--config", "c.json"], "Leave --config out"),
        (["--weights", "full/checkpoint", "--model-vocabulary", "9000"], "9000"),
        ([], "no model to fine-tune"),
      ] {
        let outcome = try loqt(["finetune", "--text", "text.txt"] + arguments, in: folder)
        #expect(outcome.code != 0 && outcome.errors.contains(piece), "\(outcome.errors)")
      }
      // A packed checkpoint is also a model: to continue by another method, to evaluate, to export.
      let packed = try loqt(
        ["finetune", "--text", "text.txt", "--weights", "on/checkpoint", "--method", "qlora"]
          + ["--batch", "2", "--sequence", "16", "--steps", "1", "--rank", "4", "--output", "q"],
        in: folder)
      #expect(packed.code == 0, "\(packed.errors)")
      let measured = try loqt(
        ["evaluate", "--weights", "on/checkpoint", "--text", "text.txt", "--validation"]
          + ["--sequence", "16", "--json"], in: folder)
      #expect(measured.code == 0, "\(measured.errors)")
      #expect(try loqt(["export", "on/checkpoint", "--output", "dense"], in: folder).code == 0)
      let exported = try loqt(
        ["evaluate", "--weights", "dense", "--text", "text.txt", "--validation"]
          + ["--sequence", "16", "--json"], in: folder)
      func loss(_ text: String) throws -> Double {
        try JSONDocument(JSONValue(parsing: Array(text.utf8), file: "").objectValue!, file: "")
          .number("loss")
      }
      #expect(try abs(loss(measured.output) - continued) < 1e-4)
      #expect(try abs(loss(exported.output) - continued) < 1e-4)
      let config = try JSONDocument(path: folder + "/on/checkpoint/config.json")
      #expect(try config.string("model_type") == "loqt")
      let written = try loqt(
        ["generate", "--weights", "on/checkpoint", "--prompt", "the ", "--count", "5"], in: folder)
      #expect(written.code == 0 && written.output.hasPrefix("the "))
      try FileManager.default.removeItem(atPath: folder + "/full/checkpoint/tokenizer.json")
      let mute = try loqt(begin, in: folder)
      #expect(mute.code != 0 && mute.errors.contains("tokenizer.json"), "\(mute.errors)")
    }
  }

  @Test func aRunThatIsResumedIsHeldAgainstTheMemoryToo() throws {
    try withText { folder in
      let run = try LoQTProcess(
        small + ["--steps", "100000", "--output", "out"], in: folder)
      #expect(run.interruptedAfterItsFirstStep().code == 130)
      // Two million sequences per step are too many for any machine.
      let path = folder + "/out/checkpoint/run.json"
      let settings = try String(contentsOfFile: path, encoding: .utf8)
      #expect(settings.contains("\"batchSize\" : 2,"))
      try Data(
        settings.replacingOccurrences(of: "\"batchSize\" : 2,", with: "\"batchSize\" : 2000000,")
          .utf8
      ).write(to: URL(filePath: path))
      let changed = try loqt(["resume", "out"], in: folder)
      #expect(changed.code == 1 && changed.errors.contains("run.json"), "\(changed.errors)")
      #expect(changed.errors.contains("delete manifest.sha256"), "\(changed.errors)")
      try FileManager.default.removeItem(atPath: folder + "/out/checkpoint/manifest.sha256")
      let resumed = try loqt(["pretrain", "--resume", "out/checkpoint"], in: folder)
      #expect(resumed.code == 1 && resumed.errors.contains("activations"), "\(resumed.errors)")
      #expect(resumed.errors.contains("A resumed run keeps its settings"), "\(resumed.errors)")
    }
  }

  @Test func theDoctorTellsProcessorKernelsAndThreads() throws {
    try withText { folder in
      let outcome = try loqt(["doctor", "--no-measure", "--threads", "3", "--json"], in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
      let report = try JSONDecoder().decode(SystemReport.self, from: Data(outcome.output.utf8))
      #expect(report.processor == Processor.current.description)
      #expect(report.kernels == BLASKernels.current.description)
      #expect(report.threads == 3 && report.speeds.isEmpty)
    }
  }

  @Test func labelledLinesAreForFineTuningAndAreChecked() throws {
    try withText { folder in
      try Data("cat\tmeow\nwoof\n".utf8).write(to: URL(filePath: folder + "/lines.tsv"))
      for (name, piece) in [
        ("ordering", "learns no labels. Leave out --labelled"),
        ("fine-tune", "Line 2 of lines.tsv is not a label, a tab and a text"),
      ] {
        let outcome = try loqt(
          ["experiment", name, "--quick", "--text", "text.txt", "--labelled", "lines.tsv"],
          in: folder)
        #expect(outcome.code != 0 && outcome.errors.contains(piece), "\(outcome.errors)")
      }
    }
  }
}

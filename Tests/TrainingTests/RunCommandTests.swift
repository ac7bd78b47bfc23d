import Foundation
import JSON
import TensorFiles
import TestSupport
import Testing
import Training

/// Runs that are stopped, killed, go on, fail to save or share a folder, as a person meets them.
@Suite struct RunCommandTests {
  private static let small = [
    "pretrain", "--text", "text.txt", "--vocabulary", "256", "--batch", "2", "--sequence", "16",
    "--validation-tokens", "64", "--rank", "8",
  ]

  private func loqt(_ arguments: [String], in folder: String) throws -> LoQTProcess.Outcome {
    try LoQTProcess(arguments, in: folder).finish()
  }

  private func bytes(_ run: String, _ name: String = "model.safetensors") throws -> Data {
    try Data(contentsOf: URL(filePath: "\(run)/checkpoint/\(name)"))
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test("A run that diverges ends with code 3 and leaves the last good state as it was")
  func divergence() throws {
    try withText { folder in
      let start = Self.small + ["--method", "full", "--steps", "6", "--output", "out"]
      #expect(try loqt(start, in: folder).code == 0)
      let good = try bytes(folder + "/out")
      for more in [["--steps", "10"], ["--steps", "40", "--save-every", "1"]] {
        let ruined = try loqt(
          ["resume", "out", "--learning-rate", "1e30", "--schedule", "constant"] + more, in: folder)
        #expect(ruined.code == 3, "\(ruined.errors)")
        #expect(
          ruined.errors.contains("The last good state, that after step 6, is in out/checkpoint"),
          "\(ruined.errors)")
        #expect(try bytes(folder + "/out") == good)
      }
      let onward = try loqt(["resume", "out", "--steps", "8"], in: folder)
      #expect(onward.code == 0, "\(onward.errors)")
      // Without a state to go back to.
      let first = try loqt(
        Self.small + ["--method", "full", "--steps", "4", "--learning-rate", "1e30"]
          + ["--output", "none"], in: folder)
      #expect(first.code == 3 && first.errors.contains("No good state"), "\(first.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/none/checkpoint"))
    }
  }

  @Test("A new run does not replace another unless it is told to")
  func overwriting() throws {
    try withText { folder in
      let run = Self.small + ["--method", "full", "--steps", "2", "--output", "out"]
      #expect(try loqt(run, in: folder).code == 0)
      let first = try bytes(folder + "/out")
      let refused = try loqt(run + ["--seed", "1"], in: folder)
      #expect(refused.code == 1 && refused.errors.contains("loqt resume out"), "\(refused.errors)")
      #expect(try bytes(folder + "/out") == first)
      #expect(try loqt(run + ["--seed", "1", "--overwrite"], in: folder).code == 0)
      #expect(try bytes(folder + "/out") != first)
      try FileManager.default.createDirectory(
        atPath: folder + "/mine", withIntermediateDirectories: false)
      try Data("letters".utf8).write(to: URL(filePath: folder + "/mine/checkpoint"))
      let own = try loqt(
        Self.small + ["--steps", "2", "--output", "mine", "--overwrite"], in: folder)
      #expect(own.code == 1 && own.errors.contains("not the checkpoint of a run"), "\(own.errors)")
      #expect(try text(folder + "/mine/checkpoint") == "letters")
    }
  }

  @Test("Two runs do not share a folder")
  func locking() throws {
    try withText { folder in
      let arguments = Self.small + ["--steps", "100000", "--output", "out", "--overwrite"]
      let first = try LoQTProcess(arguments, in: folder)
      first.wait(for: "step 1/")
      let second = try loqt(arguments, in: folder)
      #expect(
        second.code == 1 && second.errors.contains("Another run is writing"), "\(second.errors)")
      kill(first.process.processIdentifier, SIGKILL)
      _ = first.finish()
      // The lock is gone with the process, however it ended.
      let third = try LoQTProcess(arguments, in: folder).interruptedAfterItsFirstStep()
      #expect(third.code == 130, "\(third.errors)")
    }
  }

  @Test(
    "Ctrl-C, a request to end and a lost terminal save the run, which goes on bit for bit by its folder",
    arguments: [SIGINT, SIGTERM, SIGHUP])
  func signals(_ signal: Int32) throws {
    try withText { folder in
      let arguments = Self.small + ["--steps", "60"]
      #expect(try loqt(arguments + ["--output", "whole"], in: folder).code == 0)
      let cut = try LoQTProcess(arguments + ["--output", "cut"], in: folder)
        .afterItsFirstStep(signal)
      #expect(cut.code == 128 + signal, "\(cut.errors)")
      #expect(cut.errors.contains("loqt resume cut"))
      let resumed = try loqt(["resume", "cut"], in: folder)
      #expect(resumed.code == 0, "\(resumed.errors)")
      #expect(try bytes(folder + "/cut") == bytes(folder + "/whole"))
      #expect(
        try bytes(folder + "/cut", "optimizer.state") == bytes(folder + "/whole", "optimizer.state")
      )
      let rows = try text(folder + "/cut/metrics.csv").split(separator: "\n").dropFirst()
      let steps = rows.filter { !$0.contains(",,,,") }.map { $0.prefix { $0 != "," } }
      #expect(steps == (1...60).map { "\($0)" })
    }
  }

  /// The number of kills can be set by LOQT_KILLS, for a long soak.
  @Test("A run that is killed again and again ends with the bits of one that was not")
  func kills() throws {
    let count = ProcessInfo.processInfo.environment["LOQT_KILLS"].flatMap { Int($0) } ?? 5
    try withText { folder in
      let arguments = Self.small + ["--steps", "240", "--save-every", "3", "--keep", "2"]
      #expect(try loqt(arguments + ["--output", "whole"], in: folder).code == 0)
      var random = SystemRandomNumberGenerator()
      var (killed, saved) = (0, 0)
      while killed < count {
        let isSaved = FileManager.default.fileExists(atPath: folder + "/out/checkpoint")
        if isSaved { saved += 1 }
        let run = try LoQTProcess(
          isSaved
            ? ["resume", "out", "--save-every", "3", "--keep", "2"]
            : arguments + ["--output", "out", "--overwrite"], in: folder)
        usleep(UInt32.random(in: 0..<700_000, using: &random))
        guard run.process.isRunning else {
          let outcome = run.finish()
          #expect(outcome.code == 0, "\(outcome.errors)")
          break
        }
        kill(run.process.processIdentifier, SIGKILL)
        _ = run.finish()
        killed += 1
      }
      let settings = try? RunSettings(checkpoint: folder + "/out/checkpoint")
      if settings?.isFinished != true {
        let last = try loqt(
          settings == nil ? arguments + ["--output", "out", "--overwrite"] : ["resume", "out"],
          in: folder)
        #expect(last.code == 0, "\(last.errors)")
      }
      for name in ["model.safetensors", "optimizer.state"] {
        #expect(try bytes(folder + "/out", name) == bytes(folder + "/whole", name), "\(name)")
      }
      print("\(killed) kills, \(saved) of them of a run that went on")
    }
  }

  @Test("A save that fails is a warning, and is tried again")
  func failingSaves() throws {
    try withText { folder in
      let run = try LoQTProcess(
        Self.small + ["--steps", "100000", "--output", "out", "--save-every", "1"], in: folder)
      run.wait(for: "step 1/")
      // The folder vanishes, and something else stands in its place.
      while (try? FileManager.default.moveItem(atPath: folder + "/out", toPath: folder + "/gone"))
        == nil
      {}
      while FileManager.default.fileExists(atPath: folder + "/out") {
        try? FileManager.default.removeItem(atPath: folder + "/out")
      }
      try? Data("a file".utf8).write(to: URL(filePath: folder + "/out"))
      run.waitForError("warning:")
      try? FileManager.default.removeItem(atPath: folder + "/out")
      kill(run.process.processIdentifier, SIGINT)
      let outcome = run.finish()
      #expect(outcome.code == 130, "\(outcome.errors)")
      #expect(try RunSettings(checkpoint: folder + "/out/checkpoint").step >= 1)
    }
  }

  @Test("The numbers go to devices and never over what is read")
  func summaries() throws {
    try withText { folder in
      let run = Self.small + ["--method", "full", "--steps", "2"]
      #expect(try loqt(run + ["--summary", "/dev/null", "--output", "a"], in: folder).code == 0)
      var information = stat()
      #expect(stat("/dev/null", &information) == 0 && information.st_mode & S_IFMT == S_IFCHR)
      let length = try Data(contentsOf: URL(filePath: folder + "/text.txt")).count
      for path in ["text.txt", "./text.txt"] {
        let refused = try loqt(run + ["--summary", path, "--output", "b"], in: folder)
        #expect(refused.code == 1 && refused.errors.contains("would replace"), "\(refused.errors)")
      }
      #expect(try Data(contentsOf: URL(filePath: folder + "/text.txt")).count == length)
      let silent = try loqt(
        ["pretrain", "--text", "text.txt", "--vocabulary", "256", "--batch", "2", "--sequence"]
          + [
            "16", "--method", "full", "--steps", "1", "--validation-tokens", "0", "--output", "c",
          ],
        in: folder)
      #expect(silent.code == 0, "\(silent.errors)")
      #expect(!silent.output.contains("not a number") && silent.output.contains("\n1 step, "))
    }
  }

  @Test("A run goes on with what it was begun with, or says by name what cannot change")
  func resuming() throws {
    try withText { folder in
      let run = Self.small + ["--steps", "4", "--output", "out"]
      #expect(try loqt(run, in: folder).code == 0)
      for (arguments, piece) in [
        (["resume", "out"], "Make the run longer with --steps"),
        (["resume", "out", "--steps", "3"], "the 4 steps that the run has taken"),
        (["resume", "out", "--rank", "4"], "--rank was set when the run began"),
        (["pretrain", "--resume", "out", "--batch", "4"], "--batch was set when the run began"),
        (["resume", "nowhere"], "no run to go on with"),
        (["resume", "out", "--steps", "8", "--text", "other.txt"], "another text"),
        (["resume", "out", "--steps", "8", "--save-every", "0"], "--save-every 0"),
      ] {
        let text = patternedText(40_000).map { $0 == UInt8(ascii: "a") ? UInt8(ascii: "b") : $0 }
        try Data(text).write(to: URL(filePath: folder + "/other.txt"))
        let outcome = try loqt(arguments, in: folder)
        #expect(outcome.code == 1 && outcome.errors.contains(piece), "\(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
      }
      // The text has moved, and the run grows.
      try FileManager.default.moveItem(
        atPath: folder + "/text.txt", toPath: folder + "/moved.txt")
      let missing = try loqt(["resume", "out", "--steps", "8"], in: folder)
      #expect(missing.code == 1 && missing.errors.contains("text.txt"), "\(missing.errors)")
      let longer = try loqt(
        [
          "resume", "out/checkpoint", "--steps", "8", "--text", "moved.txt", "--learning-rate",
          "0.001",
        ],
        in: folder)
      #expect(longer.code == 0, "\(longer.errors)")
      #expect(longer.output.contains("the number of steps is 8; it was 4"))
      #expect(longer.output.contains("the learning rate is 0.001"))
      let compared = try loqt(["compare", "out", "out/checkpoint"], in: folder)
      #expect(compared.code == 0, "\(compared.errors)")
      let page = try text(folder + "/comparison.html")
      #expect(page.contains("<svg") && page.contains("Validation loss"))
    }
  }

  @Test("A file of options stands for a command line, which takes precedence")
  func configurations() throws {
    try withText { folder in
      func write(_ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: folder + "/run.json"))
      }
      func configuration(_ arguments: [String]) throws -> JSONValue {
        let outcome = try loqt(["pretrain"] + arguments + ["--print-configuration"], in: folder)
        #expect(outcome.code == 0, "\(outcome.errors)")
        return try JSONValue(parsing: outcome.output)
      }
      let usual = try configuration([])
      #expect(usual["steps"] == 1_000 && usual["batch"] == 16 && usual["method"] == "loqt")
      #expect(usual["learning-rate"] == 0.01 && usual["rank"] != .null && usual["force"] == false)
      try write(#"{"steps": 7, "keep-best": true, "learning-rate": 1e-3, "text": ["text.txt"]}"#)
      let read = try configuration(["--configuration", "run.json", "--steps", "9"])
      #expect(read["steps"] == 9 && read["keep-best"] == true && read["learning-rate"] == 0.001)
      #expect(read["text"] == ["text.txt"])
      // What is printed is a file of options that says the same.
      try write(read.text())
      #expect(try configuration(["--configuration", "run.json"]) == read)
      for (text, piece) in [
        (#"{"step": 7}"#, "the nearest is \"steps\""), (#"{"steps": true}"#, "a text or a number"),
        (#"{"force": 1}"#, "true or false"), ("[1]", "run.json"), ("{", "run.json"),
        (#"{"steps": "many"}"#, "steps"), (#"{"data": [1, {}]}"#, "a list"),
      ] {
        try write(text)
        let outcome = try loqt(
          Self.small + ["--configuration", "run.json", "--output", "out"], in: folder)
        #expect(outcome.code != 0 && outcome.errors.contains(piece), "\(text): \(outcome.errors)")
      }
      try write(#"{"steps": 2, "output": "made", "method": "full"}"#)
      let run = try loqt(Self.small + ["--configuration", "run.json"], in: folder)
      #expect(run.code == 0 && run.output.contains("step 2/2"), "\(run.errors)")
      #expect(FileManager.default.fileExists(atPath: folder + "/made/checkpoint/manifest.sha256"))
    }
  }

  @Test("The program tells its version and its methods")
  func versionAndMethods() throws {
    try withText { folder in
      #expect(try loqt(["--version"], in: folder).output == "loqt \(ProgramVersion.current)\n")
      let methods = try loqt(["methods"], in: folder).output
      for method in TrainingMethod.allCases {
        #expect(methods.contains("\n\(method.name) ") && methods.contains(method.summary))
      }
      let completions = try loqt(["--generate-completion-script", "bash"], in: folder).output
      #expect(completions.contains("qlora") && completions.contains("60m"))
    }
  }
}

import Terminal
import Testing
import Training

@Suite struct ProgressLineTests {
  private static let progress = TrainingProgress(
    step: 1_234, steps: 100_000, loss: 3.456789, learningRate: 0.000123456,
    tokensPerSecond: 12_345.6, remainingSeconds: 98_765, residentBytes: 1_234_567_890,
    memory: MemoryBreakdown(), peakMemory: MemoryBreakdown())

  @Test("A line is never wider than the terminal, and has what fits", arguments: 0...200)
  func widths(_ width: Int) {
    let line = ProgressLine(Self.progress, smoothed: 3.5, isTextLoss: true).text(width: width)
    #expect(line.count <= max(0, width - 1))
    if width >= 18 { #expect(line.hasPrefix("step 1234/100000")) }
    if width >= 32 { #expect(line.contains("loss 3.457")) }
    #expect(!line.contains("\n") && !line.hasSuffix(" "))
  }

  @Test("What matters most is there in narrow terminals, everything in wide ones")
  func priorities() {
    let line = ProgressLine(Self.progress, smoothed: 3.5, isTextLoss: true)
    #expect(line.text(width: 32) == "step 1234/100000  loss 3.457")
    #expect(line.text(width: 40) == "step 1234/100000  loss 3.457  1235 MB")
    #expect(
      line.text(width: 80)
        == "step 1234/100000  loss 3.457  mean 3.500  12,345 tokens/s  ETA 27:26:05")
    #expect(
      line.text(width: 120)
        == "step 1234/100000  loss 3.457  mean 3.500  perplexity 31.7  rate 1.23e-04  12,345 tokens/s  "
        + "ETA 27:26:05  1235 MB")
    #expect(line.text(width: nil) == line.text(width: 120))
    let classifier = ProgressLine(Self.progress, isTextLoss: false).text(width: 120)
    #expect(!classifier.contains("perplexity") && !classifier.contains("mean"))
  }

  @Test("The mean weighs recent losses most and leaves out what is no number")
  func smoothing() throws {
    var smoothed = SmoothedLoss()
    // (0.95 * 4 + 2) / 1.95
    let two = 2.974_358_974_358_974
    let means = [.nan, 4, 2, .infinity].map { smoothed.take($0) }
    #expect(means[0] == nil && means[1] == 4)
    #expect(try abs(#require(means[2]) - two) < 1e-12 && means[3] == means[2])
    let last = (0..<500).map { _ in smoothed.take(3) }.last ?? nil
    #expect(try abs(#require(last) - 3) < 1e-9)
  }

  @Test("What would command a terminal is made visible")
  func controlCharacters() {
    #expect(
      printable("a\u{1B}[2Jb\r\u{7}\tc\n\u{9B}d") == "a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}\tc\n\u{FFFD}d")
  }
}

@Suite struct WrappingTests {
  @Test("Lines are broken at spaces and nothing is lost")
  func lines() {
    let text = "memory after step 2: weights 0.11 MB, optimizer state 0.21 MB\n\na bc\n"
    #expect(
      wrapped(text, to: 24)
        == "memory after step 2:\n  weights 0.11 MB,\n  optimizer state 0.21\n  MB\n\na bc\n")
    #expect(wrapped(text, to: 200) == text)
    #expect(wrapped("abcdefgh ij", to: 4) == "abcdefgh\n  ij")
    for width in 8...70 {
      let lines = wrapped(text, to: width).split(separator: "\n")
      #expect(lines.allSatisfy { $0.count <= max(width, 11) }, "\(width)")
      #expect(
        lines.flatMap { $0.split(separator: " ") } == text.split { $0 == " " || $0 == "\n" })
    }
  }
}

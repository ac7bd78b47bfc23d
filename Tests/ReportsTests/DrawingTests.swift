import Foundation
import FoundationXML
import Quantization
import Reports
import Tensors
import Testing
import Training

/// Drawings as standalone files.
@Suite struct DrawingTests {
  private func expectWellFormed(_ drawing: String) {
    let parser = XMLParser(data: Data(drawing.utf8))
    #expect(parser.parse(), "line \(parser.lineNumber) of \(drawing)")
    let lower = drawing.lowercased()
    #expect(!lower.contains("nan") && !lower.contains("\"inf") && !lower.contains(" inf"))
  }

  @Test func errorsOfFormatsAreDrawnWhateverTheNumbers() {
    let formats: [WeightFormat] = [
      .float32, .nf4(), .fp4(), .int8Blocks(), .gguf(.q4_0), .affine(AffineScheme(bits: .four)),
    ]
    var random = RandomSource(seed: 5)
    let x = Tensor<Float>.normal([64, 64], using: &random)
    var broken = x
    broken[3, 3] = .nan
    for x in [x, .zeros([8, 64]), broken, .zeros([0, 64])] {
      let table = ErrorTable(of: x, in: formats)
      expectWellFormed(table.svg)
      for row in table.rows { #expect(table.svg.contains(">\(row.name)<")) }
    }
  }

  @Test func aBarIsAsLongAsItsShareOfTheBytes() {
    var bytes = MemoryBreakdown()
    bytes.weights = 3 << 30
    bytes.optimizer = 1 << 30
    let drawing = MemoryPlot("7b & 13b", bytes).svg
    expectWellFormed(drawing)
    // 680 pixels for 4 GiB.
    #expect(drawing.contains("x=\"20\" y=\"48\" width=\"510\""))
    #expect(drawing.contains("x=\"530\" y=\"48\" width=\"170\""))
    #expect(drawing.contains(">7b &amp; 13b: 4.00 GiB<") && drawing.contains(">75.0 %<"))
    expectWellFormed(MemoryPlot("nothing", MemoryBreakdown()).svg)
  }

  @Test func costsStandAtTheirPlaces() {
    let points = [(1.0, 2e-12), (4, nil)].map { size, time in
      CostPlot.Point(
        "\(size)", bytes: size * 1_048_576, formulaBytes: size * 1_048_576,
        secondsPerOperation: time)
    }
    let drawing = CostPlot("Costs", points).svg
    expectWellFormed(drawing)
    // The axis of bytes spans the chart from 1 to 4 MiB; 2 of 2 ps are at the top.
    for place in ["cx=\"143.5\" cy=\"290\"", "cx=\"278.5\" cy=\"84\"", "cx=\"503.5\" cy=\"84\""] {
      #expect(drawing.contains(place), "\(place) in \(drawing)")
    }
    expectWellFormed(CostPlot("None", []).svg)
  }
}

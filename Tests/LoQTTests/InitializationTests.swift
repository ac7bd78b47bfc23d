import LoQT
import Optimizers
import Quantization
import Tensors
import TestSupport
import Testing

@Suite struct InitializationTests {
  static let fixture = try! Fixture("loqt")
  static let cases = fixture.cases.filter { $0.contains("_c") && !$0.hasPrefix("train") }

  @Test(arguments: cases)
  func agreesWithTheNumPyReference(_ name: String) throws {
    let f = Self.fixture
    func text(_ key: String) -> String { f.text(key, of: name) }
    let inputs = text("inputs")
    let side = ProjectionSide(rawValue: text("side") == "right" ? "right" : "left")!
    let w: Tensor<Float> = try f.tensor("W", of: inputs)
    let stored: Tensor<Float> = try f.tensor("P", of: inputs)
    let steps = Int(f.number("iterations", of: name))
    let state = Initialization(
      of: w, basis: side == .left ? stored.transposed() : stored, side: side,
      scale: Float(f.number("scale", of: name)),
      weightFormat: weightFormat(text("weight")),
      projectionFormat: weightFormat(text("projection")), steps: steps)
    // The generator chose inputs whose scaled values are away from every threshold, so the codes are
    // exactly equal and the rest equal to float rounding.
    if let codes = state.weight.codes {
      #expect(codes == (try f.tensor("W_packed", of: name, as: UInt8.self)))
    }
    if let codes = state.projection.codes {
      #expect(codes == (try f.tensor("P_packed", of: name, as: UInt8.self)))
    }
    let b: Tensor<Float> = try f.tensor("B", of: name)
    #expect(state.factor.shape == b.shape)
    #expect(b.norm() == 0 ? state.factor.norm() == 0 : relativeError(state.factor, b) < 2e-5)
    let p = state.projection.dequantized()
    let update = side == .left ? matmul(state.factor, p) : matmul(p, state.factor)
    let effective =
      state.weight.dequantized() + update * Float(f.number("scale", of: name))
    #expect(relativeError(effective, try f.tensor("effective", of: name)) < 2e-6)
    if steps > 0, text("weight") != "float" {
      let errors: Tensor<Float> = try f.tensor("errors", of: name)
      for (ours, theirs) in zip(state.errors, errors.scalars.dropFirst()) {
        #expect(abs(ours - Double(theirs)) < 1e-4 * Double(theirs))
      }
    }
  }

  @Test func errorFallsWithTheCompensationStepsAsInThePaper() throws {
    // A PyTorch prototype, W 256 x 704, r = 64; the last digit varies by 3 between seeds.
    let table = [0.0796, 0.0722, 0.0692, 0.0675, 0.0665, 0.0659, 0.0655, 0.0652]
    let w = gaussian([704, 256], seed: 11)
    let basis = try orthonormal(256, 64, seed: 12)
    let state = Initialization(
      of: w, basis: basis, side: .left, scale: 0.5, weightFormat: .nf4(),
      projectionFormat: .nf4(), steps: 8)
    let plain = Initialization(
      of: w, basis: basis, side: .left, scale: 0.5, weightFormat: .nf4(),
      projectionFormat: .nf4(), steps: 0)
    let norm = w.norm()
    #expect(abs(plain.errors[0] / norm - 0.0920) < 0.0005)
    for (error, expected) in zip(state.errors, table) {
      #expect(abs(error / norm - expected) < 0.0005)
    }
  }

  @Test(arguments: [(704, 256), (256, 704)])
  func neverWorseThanPlainQuantisation(out: Int, input: Int) throws {
    let w = gaussian([out, input], seed: 5)
    let side = ProjectionSide(out: out, in: input)
    let basis = try orthonormal(256, 32, seed: 6)
    func error(_ steps: Int) -> Double {
      Initialization(
        of: w, basis: basis, side: side, scale: 0.4, weightFormat: .nf4(),
        projectionFormat: .nf4(), steps: steps
      ).errors.min()!
    }
    #expect(error(1) < error(0))
    #expect(error(5) < error(1))
  }

  @Test func aMatrixThatIsNotFiniteDoesNotTrap() throws {
    var w = gaussian([64, 32], seed: 1)
    w[3, 3] = .nan
    let state = Initialization(
      of: w, basis: try orthonormal(32, 8, seed: 2), side: .left, scale: 0.5,
      weightFormat: .nf4(), projectionFormat: .nf4(), steps: 5)
    #expect(!state.weight.isFinite)
  }
}

import Formatting
import LanguageModels
import Reports
import Testing
import Training

@Suite struct PaperMemoryTests {
  @Test func thePapersTableFollowsItsFormula() throws {
    let bounds: [PaperMemory.Method: (always: Double, at1b: Double)] = [
      .loqt: (0.02, 0.02), .loqtUnquantized: (0.03, 0.03), .full: (0.11, 0.05),
      .galore: (0.11, 0.05),
    ]
    for (preset, rank, printed) in PaperMemory.printed {
      let model = try TrainingConfiguration.model(preset: preset)
      for (method, paper) in printed {
        let bytes = PaperMemory.byteCount(method, model, rank: rank)
        let bound = try #require(bounds[method])
        // The paper prints two decimals.
        let slack = 0.005 / paper
        #expect(
          abs(bytes / gibibyte / paper - 1)
            <= (preset == "1b" ? bound.at1b : bound.always) + slack, "\(preset) \(method)")
      }
    }
  }
}

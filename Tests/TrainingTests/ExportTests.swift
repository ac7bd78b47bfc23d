import Foundation
import JSON
import LanguageModels
import Layers
import TensorFiles
import Tensors
import TestSupport
import Testing
import Tokenization
import Training

/// What is exported is what transformers wrote of the same model.
@Suite struct ExportTests {
  @Test(arguments: ["gpt2_tiny", "phi3_tiny", "gemma2_tiny", "qwen2_tiny", "llama3_tiny"])
  func anExportedFolderHasThePublishedTensors(_ name: String) throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/" + name).path
    let published = try SafetensorsFolder(path: path)
    try withTemporaryFolder { folder in
      try ModelSource(path: path).exportDense(to: folder + "/dense")
      let exported = try SafetensorsFolder(path: folder + "/dense")
      #expect(!exported.names.isEmpty)
      for name in exported.names {
        let a: Tensor<Float> = try exported.tensor(named: name)
        let b: Tensor<Float> = try published.tensor(named: name)
        #expect(a == b, "\(name)")
      }
      // A tied head may be there once more; everything else is.
      #expect(Set(published.names).subtracting(exported.names).isSubset(of: ["lm_head.weight"]))
    }
  }
}

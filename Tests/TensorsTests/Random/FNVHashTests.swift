import Tensors
import Testing

@Suite struct FNVHashTests {
  @Test("Hashes are the published ones")
  func publishedHashes() {
    // Noll's published test vectors.
    #expect(FNVHash.digits([]) == "cbf29ce484222325")
    #expect(FNVHash.digits("foobar".utf8) == "85944171f73967e8")
    #expect(FNVHash.value("a".utf8) == 0xaf63_dc4c_8601_ec8c)
  }
}

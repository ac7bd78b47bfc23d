import TensorFiles
import TestSupport
import Testing

@Suite struct JSONDocumentTests {
  @Test func documentsNameTheFileAndTheField() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/config.json"
      try AtomicFile.write(#"{"layers": 2, "eps": 1, "name": null, "rope": {"t": true}}"#, to: path)
      let document = try JSONDocument(path: path)
      #expect(try document.integer("layers") == 2)
      #expect(try document.number("eps") == 1)
      #expect(try document.optionalString("name") == nil)
      #expect(try document.optionalDocument("rope")?.boolean("t") == true)
      let missing = #expect(throws: TensorFileError.self) { try document.integer("heads") }
      #expect(missing?.description == "\(path): 'heads': no such field, expected an integer")
      let wrong = #expect(throws: TensorFileError.self) { try document.string("layers") }
      #expect(wrong?.description == "\(path): 'layers': an integer, expected a string")
      try AtomicFile.write("[]", to: path)
      #expect(throws: TensorFileError.self) { try JSONDocument(path: path) }
    }
  }
}

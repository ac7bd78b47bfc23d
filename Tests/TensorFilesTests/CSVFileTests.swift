import TensorFiles
import TestSupport
import Tensors
import Testing

@Suite struct CSVFileTests {
  private func read(
    _ text: String, separator: Character = ",", firstLine: CSVFile.FirstLine = .numbers,
    missing: Double? = nil
  ) throws -> CSVFile {
    try withTemporaryFolder { folder in
      try AtomicFile.write(text, to: "\(folder)/table.csv")
      return try CSVFile(
        path: "\(folder)/table.csv", separator: separator, firstLine: firstLine, missing: missing)
    }
  }

  @Test func readsNumbersWithCommentsSpacesAndQuotes() throws {
    let file = try read("# a comment\r\n1, 2.5 ,-3e2\r\n\r\n\"4\",inf,.5\n")
    #expect(file.numbers == [[1, 2.5, -300], [4, .infinity, 0.5]])
    #expect(file.columnNames == [])
    #expect(try read("1;2\n3;4", separator: ";").numbers == [[1, 2], [3, 4]])
    #expect(try read("").numbers.shape == [0, 0])
  }

  @Test func readsNamesAndMissingFields() throws {
    let file = try read(
      "time,\"speed, \"\"mean\"\"\"\n1,2\n3,\n", firstLine: .names, missing: .nan)
    #expect(file.columnNames == ["time", "speed, \"mean\""])
    #expect(file.numbers[0, .ellipsis] == [1, 2])
    #expect(file.numbers[1, 0] == 3 && file.numbers[1, 1].isNaN)
  }

  @Test func errorsNameTheLineAndTheRemedy() throws {
    func message(_ text: String) -> String {
      (#expect(throws: TensorFileError.self) { try read(text) })?.description ?? ""
    }
    #expect(message("1,2\n3\n").contains("line 2"))
    #expect(message("1,2\n3,x\n").contains("line 2, column 2"))
    #expect(message("1,2\n3,\n").contains("pass `missing: .nan`"))
    #expect(message("a,b\n1,2\n").contains("pass `firstLine: .names`"))
  }

  @Test func writesWhatItReads() throws {
    var source = RandomSource(seed: 1)
    var numbers = Tensor<Double>.normal([7, 3], using: &source)
    numbers[2, 1] = .infinity
    numbers[3, 0] = 1e-300
    try withTemporaryFolder { folder in
      let path = "\(folder)/table.csv"
      try CSVFile.write(numbers, to: path, columnNames: ["a", "b,c", "d\"e"])
      let file = try CSVFile(path: path, firstLine: .names)
      #expect(file.numbers == numbers)
      #expect(file.columnNames == ["a", "b,c", "d\"e"])
      try CSVFile.write(Tensor<Float>([0.1, 2]), to: path)
      #expect(try CSVFile(path: path).numbers == [[0.1], [2]])
    }
  }
}

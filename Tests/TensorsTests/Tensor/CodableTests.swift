import Foundation
import Tensors
import Testing

@Suite struct CodableTests {
  private func decoded<T: Decodable>(_ type: T.Type, _ json: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(json.utf8))
  }

  @Test("Tensors and random sources come back as they were")
  func roundTrip() throws {
    var source = RandomSource(seed: 3)
    let x = Tensor<Double>.normal([2, 3, 4], using: &source).transposed([2, 0, 1])
    #expect(try JSONDecoder().decode(Tensor<Double>.self, from: JSONEncoder().encode(x)) == x)
    let none = Tensor<Int32>.zeros([3, 0])
    #expect(try JSONDecoder().decode(Tensor<Int32>.self, from: JSONEncoder().encode(none)) == none)
    var other = try JSONDecoder().decode(RandomSource.self, from: JSONEncoder().encode(source))
    #expect(
      Tensor<Float>.normal([9], using: &other) == Tensor<Float>.normal([9], using: &source))
    // JSON has no such number.
    #expect(throws: EncodingError.self) { try JSONEncoder().encode(Tensor<Float>([.nan])) }
  }

  @Test(
    "Damaged tensors are errors",
    arguments: [
      #"{"shape":[2],"scalars":[1]}"#, #"{"shape":[-1],"scalars":[]}"#,
      #"{"shape":[4611686018427387904,4],"scalars":[]}"#,
      #"{"shape":[0,1099511627776,1099511627776],"scalars":[]}"#, #"{"shape":[1]}"#,
    ])
  func damagedTensors(_ json: String) {
    #expect(throws: DecodingError.self) { try decoded(Tensor<Float>.self, json) }
  }

  @Test("A ledger has a number for every kind")
  func kindsOfMemory() throws {
    #expect(throws: DecodingError.self) { try decoded(TensorMemory.Ledger.self, #"{"bytes":[]}"#) }
    var ledger = TensorMemory.Ledger()
    ledger[.weights] = 7
    let again = try JSONDecoder().decode(
      TensorMemory.Ledger.self, from: JSONEncoder().encode(ledger))
    #expect(again == ledger)
  }
}

public import JSON
public import TensorFiles
public import Tensors

/// Reference values computed by other programs: `Tests/Fixtures/NAME.safetensors` with tensors named
/// `case/tensor`, and `NAME.json` with the parameters of each case.
public struct Fixture: Sendable {
  /// The tensors of all cases.
  public let file: SafetensorsFile
  /// The names of the cases, in the order of the generator.
  public let cases: [String]
  private let parameters: JSONObject

  /// The folder of the fixtures, relative to where this file was compiled.
  public static let folder: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    return parts.joined(separator: "/") + "/Fixtures"
  }()

  /// Opens a fixture by its name without extension.
  public init(_ name: String) throws {
    file = try SafetensorsFile(path: "\(Self.folder)/\(name).safetensors")
    let document = try JSONDocument(path: "\(Self.folder)/\(name).json")
    parameters = try document.optionalDocument("cases")?.object ?? JSONObject()
    cases = parameters.keys
  }

  /// A tensor of a case.
  public func tensor<Scalar: TensorFileScalar>(
    _ name: String, of testCase: String, as scalar: Scalar.Type = Float.self
  ) throws -> Tensor<Scalar> {
    try file.tensor(named: "\(testCase)/\(name)", as: scalar)
  }

  /// Whether a case has a tensor of this name.
  public func hasTensor(_ name: String, of testCase: String) -> Bool {
    file.entry(named: "\(testCase)/\(name)") != nil
  }

  /// A parameter of a case; nil if it has none of this name.
  public func parameter(_ name: String, of testCase: String) -> JSONValue? {
    parameters[testCase]?[name]
  }

  /// A text parameter of a case; empty if there is none.
  public func text(_ name: String, of testCase: String) -> String {
    parameter(name, of: testCase)?.stringValue ?? ""
  }

  /// A number parameter of a case; NaN if there is none.
  public func number(_ name: String, of testCase: String) -> Double {
    parameter(name, of: testCase)?.numberValue ?? .nan
  }

  /// A parameter of a case that is a list of texts; empty if there is none.
  public func texts(_ name: String, of testCase: String) -> [String] {
    parameter(name, of: testCase)?.arrayValue?.compactMap(\.stringValue) ?? []
  }

  /// A parameter of a case that is a list of numbers; empty if there is none.
  public func numbers(_ name: String, of testCase: String) -> [Double] {
    parameter(name, of: testCase)?.arrayValue?.compactMap(\.numberValue) ?? []
  }
}

public import TensorFiles
public import Tensors

/// A tensor of a Hugging Face folder that is to be written: one of a model's own, or several as its rows.
public struct PublishedTensor: Sendable {
  /// Its name in the file.
  public let name: String
  /// The model's tensors that it holds, in the order of its rows.
  public private(set) var parts: [(name: String, shape: Shape)] = []
  private var firstRows: [Int] = []
  private let isTransposed: Bool

  /// Those of a model, in the order of its own.
  public static func all(of model: any ModelConfiguration) -> [PublishedTensor] {
    var tensors: [PublishedTensor] = []
    var indices: [String: Int] = [:]
    for (own, shape) in model.tensorShapes {
      let place = model.place(of: own) ?? TensorPlace(own)
      let index = indices[place.name] ?? tensors.count
      if index == tensors.count {
        indices[place.name] = index
        tensors.append(PublishedTensor(name: place.name, isTransposed: place.isTransposed))
      }
      tensors[index].insert(own, shape, at: place.rows?.lowerBound ?? 0)
    }
    return tensors
  }

  private init(name: String, isTransposed: Bool) {
    self.name = name
    self.isTransposed = isTransposed
  }

  private mutating func insert(_ own: String, _ shape: Shape, at row: Int) {
    let index = firstRows.firstIndex { $0 > row } ?? firstRows.count
    firstRows.insert(row, at: index)
    parts.insert((own, shape), at: index)
  }

  /// The sizes of its axes in the file.
  public var shape: Shape {
    let rows = parts.reduce(0) { $0 + $1.shape[0] }
    guard parts[0].shape.rank == 2 else { return [rows] }
    let columns = parts[0].shape[1]
    return isTransposed ? [columns, rows] : [rows, columns]
  }

  /// The tensor, made of the model's own.
  public func value(from tensors: any ModelTensors) throws(TensorFileError) -> Tensor<Float> {
    var values: [Tensor<Float>] = []
    for part in parts { values.append(try tensors.tensor(named: part.name, shape: part.shape)) }
    let whole = values.count == 1 ? values[0] : Tensor<Float>.concatenated(values)
    return isTransposed && whole.rank == 2 ? whole.transposed().contiguous() : whole
  }
}

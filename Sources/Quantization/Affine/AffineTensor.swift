public import Tensors

/// A tensor in whole numbers of 4 or 8 bits at equal distances: an element is
/// scale x (code + zero), with a scale, and for asymmetric schemes a zero, for each group.
///
/// With codes from Qn = -2^(b-1) to Qp = 2^(b-1) - 1: symmetric, scale = max |x| / Qp and zero = 0;
/// asymmetric, scale = (max x - min x) / (2^b - 1) and zero = round(min x / scale) - Qn. Numbers are
/// rounded to nearest, ties to even, or at random so that the expected value is the number.
///
/// An element is off by at most half a scale (rounded at random, less than one). Quantising again
/// what this gives back gives the same codes; scales move by a unit in the last place at most.
///
/// A group with NaN or infinity in it becomes NaN altogether: see `isFinite`.
public struct AffineTensor: QuantizedTensor {
  /// The sizes of the axes, outermost first.
  public let shape: Shape
  /// Bits, symmetry and groups.
  public let scheme: AffineScheme
  /// Codes - Qn, one a byte, or two with the first element in the high nibble; rows start at bytes,
  /// and an odd row ends with a nibble of 0.
  public private(set) var codes: Tensor<UInt8>
  /// The distance of levels in each group, row by row.
  public private(set) var scales: Tensor<Float>
  /// What is added to the codes of each group; empty where symmetric.
  public private(set) var zeros: Tensor<Float>

  /// `x` with each number rounded to the nearest level, ties to the even code.
  public init(quantizing x: Tensor<Float>, as scheme: AffineScheme) {
    self.init(shape: x.shape, scheme: scheme)
    quantize(x) { value, _ in value.rounded(.toNearestOrEven) }
  }

  /// `x` with each number rounded up or down at random, the likelier the nearer, so that the
  /// expected value is the number itself. Draws one uniform number an element.
  public init(
    quantizing x: Tensor<Float>, as scheme: AffineScheme, using source: inout RandomSource
  ) {
    self.init(shape: x.shape, scheme: scheme)
    let draws = Tensor<Float>.uniform(x.shape, using: &source)
    draws.withPointer { draws in
      quantize(x) { value, element in (value + draws[element]).rounded(.down) }
    }
  }

  /// Room for the codes and scales of `shape`.
  private init(shape: Shape, scheme: AffineScheme) {
    let layout = AffineLayout(shape, scheme)
    self.shape = shape
    self.scheme = scheme
    codes = .init(repeating: 0, shape: [layout.rows * layout.rowBytes])
    scales = .zeros([layout.groupCount])
    zeros = .zeros([scheme.symmetry == .symmetric ? 0 : layout.groupCount])
  }

  /// Parts of equal scheme one below the other. Traps for one scale of all rows.
  init(stacking parts: [AffineTensor], shape: Shape, scheme: AffineScheme) {
    precondition(scheme.grouping != .tensor, "AffineTensor: parts have scales of their own")
    self.shape = shape
    self.scheme = scheme
    codes = Tensor(parts.flatMap { $0.codes.scalars })
    scales = Tensor(parts.flatMap { $0.scales.scalars })
    zeros = Tensor(parts.flatMap { $0.zeros.scalars })
  }

  /// Bits, symmetry and groups.
  public var format: WeightFormat { .affine(scheme) }

  /// Whether every scale and zero is a finite number.
  public var isFinite: Bool { scales.isFinite && zeros.isFinite }

  /// Writes the elements at `range`, in row-major order, to `out`.
  public func _dequantize(_ range: Range<Int>, into out: UnsafeMutablePointer<Float>) {
    let layout = AffineLayout(shape, scheme)
    let (least, packed) = (scheme.least, scheme.bits == .four)
    let isSymmetric = scheme.symmetry == .symmetric
    codes.withPointer { codes in
      scales.withPointer { scales in
        zeros.withPointer { zeros in
          var element = range.lowerBound
          while element < range.upperBound {
            let (row, column) = element.quotientAndRemainder(dividingBy: layout.columns)
            let group = row * layout.groupsPerRow + column / layout.groupSize
            let groupEnd = min(layout.columns, (column / layout.groupSize + 1) * layout.groupSize)
            let count = min(range.upperBound - element, groupEnd - column)
            let target = out + (element - range.lowerBound)
            let (scale, bytes) = (scales[group], codes + row * layout.rowBytes)
            let zero = least + (isSymmetric ? 0 : zeros[group])
            if packed {
              for i in 0..<count {
                let byte = bytes[(column + i) / 2]
                let code = (column + i) % 2 == 0 ? byte >> 4 : byte & 15
                target[i] = scale * (Float(code) + zero)
              }
            } else {
              for i in 0..<count { target[i] = scale * (Float(bytes[column + i]) + zero) }
            }
            element += count
          }
        }
      }
    }
  }

  /// Finds the scales, then writes the code of each element as `round` gives it.
  private mutating func quantize(
    _ x: Tensor<Float>, round: (_ value: Float, _ element: Int) -> Float
  ) {
    let layout = AffineLayout(shape, scheme)
    let scheme = scheme
    guard layout.rows * layout.columns > 0 else { return }
    x.withPointer { x in
      codes.withMutablePointer { codes in
        scales.withMutablePointer { scales in
          zeros.withMutablePointer { zeros in
            if layout.groupsPerRow == 0 {
              let all = UnsafeBufferPointer(start: x, count: layout.rows * layout.columns)
              (scales[0], zeros[0, orIgnoring: scheme]) = scheme.levels(of: all)
            }
            parallelFor(layout.rows, grain: max(1, elementwiseGrain / layout.columns)) { part in
              for row in part {
                for first in stride(from: 0, to: layout.columns, by: layout.groupSize) {
                  let count = min(layout.groupSize, layout.columns - first)
                  let start = row * layout.columns + first
                  let group = row * layout.groupsPerRow + first / layout.groupSize
                  if layout.groupsPerRow > 0 {
                    let values = UnsafeBufferPointer(start: x + start, count: count)
                    (scales[group], zeros[group, orIgnoring: scheme]) = scheme.levels(of: values)
                  }
                  let (scale, zero) = (scales[group], zeros[group, orIgnoring: scheme])
                  let bytes = codes + row * layout.rowBytes
                  for i in 0..<count {
                    let value = round(x[start + i] / scale - zero, start + i)
                    // A broken group has no code of its own; its scale says that it is broken.
                    let clamped = min(max(value, scheme.least), scheme.largest)
                    let code = clamped.isNaN ? 0 : UInt8(clamped - scheme.least)
                    let column = first + i
                    if scheme.bits == .eight {
                      bytes[column] = code
                    } else if column % 2 == 0 {
                      bytes[column / 2] = code << 4
                    } else {
                      bytes[column / 2] |= code
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}

extension AffineScheme {
  /// Scale and zero of a group; NaN where a number is not finite.
  fileprivate func levels(of x: UnsafeBufferPointer<Float>) -> (scale: Float, zero: Float) {
    var (least, largest): (Float, Float) = (.infinity, -.infinity)
    var sum: Float = 0
    for value in x {
      least = min(least, value)
      largest = max(largest, value)
      // 0 for every finite number, NaN for any other.
      sum += value - value
    }
    guard sum == 0 else { return (.nan, 0) }
    let magnitude = max(-least, largest)
    // So large that a level is a normal number.
    let tiny: Float = 0x1p-118
    switch symmetry {
    case .symmetric: return (max(magnitude, tiny) / self.largest, 0)
    case .asymmetric:
      // A range far below the numbers in it would make a zero that a float cannot hold.
      let range = max(largest - least, magnitude * 0x1p-16, tiny)
      let scale = range / (self.largest - self.least)
      return (scale, (least / scale).rounded(.toNearestOrEven) - self.least)
    }
  }
}

extension UnsafeMutablePointer<Float> {
  /// A group's zero, which symmetric schemes do not have.
  fileprivate subscript(group: Int, orIgnoring scheme: AffineScheme) -> Float {
    get { scheme.symmetry == .symmetric ? 0 : self[group] }
    nonmutating set { if scheme.symmetry == .asymmetric { self[group] = newValue } }
  }
}

extension AffineTensor {
  /// The bytes `codes` and the floats `scales`; asymmetric also `zeros`.
  public var parts: TensorParts {
    var floats = ["scales": scales]
    if scheme.symmetry == .asymmetric { floats["zeros"] = zeros }
    return TensorParts(bytes: ["codes": codes], floats: floats)
  }

  /// A tensor of `shape` from its `parts`; whatever shape they come in, their elements count.
  ///
  /// - Throws: A ``QuantizationError`` when a part is missing, has the wrong number of elements, or
  ///   a scale or zero is not finite.
  public init(shape: Shape, scheme: AffineScheme, parts: TensorParts) throws(QuantizationError) {
    _ = try elementCount(of: shape)
    let layout = AffineLayout(shape, scheme)
    self.shape = shape
    self.scheme = scheme
    codes = try part("codes", of: parts.bytes, count: layout.rows * layout.rowBytes, shape)
    scales = try finitePart("scales", of: parts.floats, count: layout.groupCount, shape)
    zeros =
      scheme.symmetry == .symmetric
      ? .zeros([0]) : try finitePart("zeros", of: parts.floats, count: layout.groupCount, shape)
  }
}

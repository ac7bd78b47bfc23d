internal import CKernels

/// Which elements come first.
public enum SortDirection: Hashable, Sendable {
  /// The smallest.
  case ascending
  /// The largest.
  case descending
}

extension Tensor where Scalar: Comparable {
  /// The positions of the elements along an axis in the order of their values, in the shape of the
  /// tensor. Equal elements keep their order; NaN comes last in either direction.
  public func argsort(alongAxis axis: Int = -1, _ direction: SortDirection = .ascending)
    -> Tensor<Int32>
  {
    let position = shape.normalized(axis: axis, in: "argsort")
    return sortedPositions(movingAxis(position, to: -1).contiguous(), direction)
      .movingAxis(-1, to: position)
  }

  /// The elements in order along an axis. Equal elements keep their order, including zeros of both
  /// signs; NaN comes last in either direction. Takes time in the order of n log n for n elements,
  /// whatever they are.
  public func sorted(alongAxis axis: Int = -1, _ direction: SortDirection = .ascending) -> Tensor {
    let position = shape.normalized(axis: axis, in: "sorted")
    guard let kernel = SortKernel(Scalar.self) else {
      return takingAlongAxis(position, at: argsort(alongAxis: position, direction))
    }
    return sortedRows(movingAxis(position, to: -1).contiguous(), direction, by: kernel)
      .movingAxis(-1, to: position)
  }

  /// The `count` largest elements along an axis, in descending order, and their positions, the
  /// first of equals first; the axis then has size `count`. NaN comes last. Traps if the axis is
  /// shorter.
  public func topK(_ count: Int, alongAxis axis: Int = -1)
    -> (values: Tensor, indices: Tensor<Int32>)
  {
    let position = shape.normalized(axis: axis, in: "topK")
    precondition(
      count >= 0 && count <= shape[position],
      "topK: count \(count) does not fit axis \(axis) of \(shape)")
    let indices = argsort(alongAxis: position, .descending).sliced(0..<count, alongAxis: position)
    return (takingAlongAxis(position, at: indices), indices)
  }

  /// The position of the largest element along an axis, which disappears; the first of equals, and
  /// the first NaN where there is one. Traps when the axis is empty.
  public func argmax(squeezingAxis axis: Int) -> Tensor<Int32> {
    extremePositions(lastAxis(axis, "argmax"), largest: true)
  }

  /// The same positions with the axis kept at size 1, as `takingAlongAxis(_:at:)` wants them.
  public func argmax(alongAxis axis: Int) -> Tensor<Int32> {
    argmax(squeezingAxis: axis)
      .expandingShape(at: shape.normalized(axis: axis, in: "argmax"))
  }

  /// The row-major position of the largest element; the first of equals, and the first NaN if there is
  /// one. Traps when there are no elements.
  public func argmax() -> Int { extremePosition("argmax", largest: true) }

  /// The position of the smallest element along an axis, which disappears; the first of equals, and
  /// the first NaN where there is one. Traps when the axis is empty.
  public func argmin(squeezingAxis axis: Int) -> Tensor<Int32> {
    extremePositions(lastAxis(axis, "argmin"), largest: false)
  }

  /// The same positions with the axis kept at size 1, as `takingAlongAxis(_:at:)` wants them.
  public func argmin(alongAxis axis: Int) -> Tensor<Int32> {
    argmin(squeezingAxis: axis)
      .expandingShape(at: shape.normalized(axis: axis, in: "argmin"))
  }

  /// The row-major position of the smallest element; the first of equals, and the first NaN if there is
  /// one. Traps when there are no elements.
  public func argmin() -> Int { extremePosition("argmin", largest: false) }

  /// The position of the best among the best of parts, each of which a thread may look through.
  private func extremePosition(_ operation: StaticString, largest: Bool) -> Int {
    precondition(elementCount > 0, "\(operation): shape \(shape) is empty")
    let (part, count) = (1 << 16, elementCount)
    if count < 2 * part { return Int(extremePositions(flattened(), largest: largest).scalar) }
    let whole = flattened().contiguous()
    let rows = count / part
    let best = extremePositions(
      whole.sliced(0..<rows * part).reshaped(to: [rows, part]), largest: largest)
    var places = best.scalars.enumerated().map { $0 * part + Int($1) }
    if rows * part < count {
      let rest = extremePositions(whole.sliced(rows * part..<count).contiguous(), largest: largest)
      places.append(rows * part + Int(rest.scalar))
    }
    let values = Tensor(places.map { whole[$0] })
    return places[Int(extremePositions(values, largest: largest).scalar)]
  }

  private func lastAxis(_ axis: Int, _ operation: StaticString) -> Tensor {
    let position = shape.normalized(axis: axis, in: operation)
    precondition(shape[position] > 0, "\(operation): axis \(axis) of \(shape) is empty")
    return movingAxis(position, to: -1).contiguous()
  }
}

/// The sorting kernels of one scalar type: numbers, their count, whether descending, scratch,
/// result.
private struct SortKernel {
  typealias Numbers = UnsafeRawPointer
  typealias Scratch = UnsafeMutableRawPointer

  let sort: (Numbers, Int, Bool, Scratch, UnsafeMutableRawPointer) -> Void
  let sortPositions: (Numbers, Int, Bool, Scratch, UnsafeMutablePointer<Int32>) -> Void

  init?(_ scalar: Any.Type) {
    if scalar == Float.self {
      (sort, sortPositions) = (loqt_sort_f32, loqt_sort_positions_f32)
    } else if scalar == Double.self {
      (sort, sortPositions) = (loqt_sort_f64, loqt_sort_positions_f64)
    } else if scalar == Int32.self {
      (sort, sortPositions) = (loqt_sort_i32, loqt_sort_positions_i32)
    } else if scalar == Int64.self {
      (sort, sortPositions) = (loqt_sort_i64, loqt_sort_positions_i64)
    } else {
      return nil
    }
  }
}

private func sortedRows<Scalar: TensorScalar>(
  _ rows: Tensor<Scalar>, _ direction: SortDirection, by kernel: SortKernel
) -> Tensor<Scalar> {
  let length = rows.shape.lastDimension
  return Tensor(unsafeUninitializedShape: rows.shape) { out in
    let (source, target) = (rows.base, out.baseAddress!)
    withExtendedLifetime(rows.storage) {
      parallelFor(rows.shape.rowCount, grain: rowGrain(length)) { range in
        let scratch = TensorStorage<Scalar>(count: length)
        for row in range {
          kernel.sort(
            source + row * length, length, direction == .descending, scratch.base,
            target + row * length)
        }
        withExtendedLifetime(scratch) {}
      }
    }
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
private func sortedPositions<Scalar: TensorScalar & Comparable>(
  _ rows: Tensor<Scalar>, _ direction: SortDirection
) -> Tensor<Int32> {
  let length = rows.shape.lastDimension
  let ascending = direction == .ascending
  return Tensor(unsafeUninitializedShape: rows.shape) { out in
    let (source, target) = (rows.base, out.baseAddress!)
    withExtendedLifetime(rows.storage) {
      parallelFor(rows.shape.rowCount, grain: rowGrain(length)) { range in
        if let kernel = SortKernel(Scalar.self) {
          let scratch = TensorStorage<Int64>(count: 2 * length)
          for row in range {
            kernel.sortPositions(
              source + row * length, length, !ascending, scratch.base, target + row * length)
          }
          withExtendedLifetime(scratch) {}
          return
        }
        for row in range {
          let x = source + row * length
          var order = UnsafeMutableBufferPointer(start: target + row * length, count: length)
          for i in 0..<length { order[i] = Int32(i) }
          order.sort { i, j in
            let (a, b) = (x[Int(i)], x[Int(j)])
            if a < b { return ascending }
            if b < a { return !ascending }
            // Only NaN differs from itself.
            if (a == a) != (b == b) { return a == a }
            return i < j
          }
        }
      }
    }
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
private func extremePositions<Scalar: TensorScalar & Comparable>(
  _ rows: Tensor<Scalar>, largest: Bool
) -> Tensor<Int32> {
  let length = rows.shape.lastDimension
  return Tensor(unsafeUninitializedShape: Shape(Array(rows.shape.dropLast()))) { out in
    let (source, target) = (rows.base, out.baseAddress!)
    withExtendedLifetime(rows.storage) {
      parallelFor(out.count, grain: rowGrain(length)) { range in
        for row in range {
          let x = source + row * length
          // The value first, in four lanes, then its first place.
          var best = x[0]
          var hasNaN = false
          if length >= 64 {
            var lanes = (x[0], x[1], x[2], x[3])
            var i = 0
            func better(_ a: Scalar, _ b: Scalar) -> Scalar {
              largest ? (a > b ? a : b) : (a < b ? a : b)
            }
            while i + 4 <= length {
              let (a, b, c, d) = (x[i], x[i + 1], x[i + 2], x[i + 3])
              hasNaN = hasNaN || a != a || b != b || c != c || d != d
              lanes = (
                better(a, lanes.0), better(b, lanes.1), better(c, lanes.2), better(d, lanes.3)
              )
              i += 4
            }
            best = better(better(lanes.0, lanes.1), better(lanes.2, lanes.3))
            while i < length {
              hasNaN = hasNaN || x[i] != x[i]
              best = better(x[i], best)
              i += 1
            }
          } else {
            for i in 0..<length {
              hasNaN = hasNaN || x[i] != x[i]
              if largest ? x[i] > best : x[i] < best { best = x[i] }
            }
          }
          var place = 0
          while hasNaN ? x[place] == x[place] : x[place] != best { place += 1 }
          target[row] = Int32(place)
        }
      }
    }
  }
}

internal import CKernels
import Tensors

/// The layout of a matrix's codes, every 32 of a row under one scale. Products with few rows are
/// formed from it: they read each code once and write no element of the matrix to memory.
public struct _CodeMatrix {
  /// The number of rows of x from which dequantising panels is as fast.
  static let fewRows = 8
  /// The number of elements of a row that are read together.
  static let chunk = 32

  private let matrix: loqt_code_matrix

  /// The element in column c of row r belongs to group (r x `rowSpan` + c) / 2^`shift`.
  init(
    _ kind: Int32, _ codes: UnsafePointer<UInt8>, rowBytes: Int,
    scales: loqt_scales4 = loqt_scales4(), zeros: UnsafePointer<Float>? = nil, rowSpan: Int = 0,
    shift: Int = 0, map: UnsafePointer<loqt_map8>? = nil, halves: UnsafePointer<Float>? = nil
  ) {
    matrix = loqt_code_matrix(
      kind: kind, codes: codes, row_bytes: rowBytes, scales: scales, zeros: zeros,
      row_span: rowSpan, shift: Int32(shift), map: map, halves: halves)
  }

  /// All numbers of half precision by their bits; never freed.
  nonisolated(unsafe) static let halves: UnsafePointer<Float> = {
    let values = UnsafeMutablePointer<Float>.allocate(capacity: 1 << 16)
    let halves = (0...UInt16.max).map { $0 }
    loqt_f16_to_f32(halves, values, halves.count)
    return UnsafePointer(values)
  }()

  /// `out = keeping * out + scale * x wᵀ` for x `[rows, columns]` and this matrix as w `[height,
  /// columns]`.
  func addProductTransposed(
    _ x: UnsafePointer<Float>, rows: Int, height: Int, columns: Int, scale: Float, keeping: Float,
    into out: UnsafeMutablePointer<Float>
  ) {
    let padded = dividedUp(columns, by: Self.chunk) * Self.chunk
    var arranged = Tensor<Float>(unsafeUninitializedShape: [rows * padded]) { _ in }
    arranged.withMutablePointer { arranged in
      loqt_code_arrange(matrix.kind, x, rows, columns, arranged)
      withUnsafePointer(to: matrix) { matrix in
        parallelFor(height, grain: max(1, (1 << 16) / columns)) { part in
          loqt_code_dot(
            matrix, part.lowerBound, part.count, columns, arranged, rows, scale, keeping,
            out + part.lowerBound, height)
        }
      }
    }
  }
}

public import Tensors

#if _endian(big)
  #error("The formats are little-endian and are read without swapping bytes")
#endif

/// A scalar type whose tensors can be read from files and written to them.
///
/// A tensor can be read as any scalar that holds all its values exactly: halves as floats, bytes as
/// integers, but never doubles as floats. Only this library declares conformances.
public protocol TensorFileScalar: TensorScalar {
  /// The element type that tensors of this scalar are written as.
  static var elementType: ElementType { get }
  /// The element types whose values this scalar all holds exactly.
  static var readableTypes: Set<ElementType> { get }
  /// Converts as many stored elements as there are scalars.
  ///
  /// - Returns: The position of the first element that cannot be converted, or nil.
  static func convert(
    _ bytes: UnsafeRawBufferPointer, of type: ElementType,
    into scalars: UnsafeMutableBufferPointer<Self>
  ) -> Int?
}

private func map<Stored: BitwiseCopyable, Scalar>(
  _ bytes: UnsafeRawBufferPointer, _ scalars: UnsafeMutableBufferPointer<Scalar>,
  _ transform: (Stored) -> Scalar
) {
  let size = MemoryLayout<Stored>.size
  for i in 0..<scalars.count {
    scalars[i] = transform(bytes.loadUnaligned(fromByteOffset: i * size, as: Stored.self))
  }
}

private func copy<Scalar: BitwiseCopyable>(
  _ bytes: UnsafeRawBufferPointer, _ scalars: UnsafeMutableBufferPointer<Scalar>
) {
  UnsafeMutableRawBufferPointer(scalars).copyMemory(from: bytes)
}

private func unreadable(_ type: ElementType, as scalar: Any.Type) -> Never {
  preconditionFailure("convert: \(type.rawValue) is not read as \(scalar)")
}

extension Float: TensorFileScalar {
  /// F32.
  public static var elementType: ElementType { .f32 }
  /// F32, F16 and BF16.
  public static var readableTypes: Set<ElementType> { [.f32, .f16, .bf16] }
  /// Copies singles and widens halves; never fails.
  public static func convert(
    _ bytes: UnsafeRawBufferPointer, of type: ElementType,
    into scalars: UnsafeMutableBufferPointer<Float>
  ) -> Int? {
    switch type {
    case .f32: copy(bytes, scalars)
    case .f16: map(bytes, scalars) { Float(halfBits: $0) }
    case .bf16: map(bytes, scalars) { Float(bfloatBits: $0) }
    default: unreadable(type, as: Self.self)
    }
    return nil
  }
}

extension Double: TensorFileScalar {
  /// F64.
  public static var elementType: ElementType { .f64 }
  /// F64, F32, F16 and BF16.
  public static var readableTypes: Set<ElementType> { [.f64, .f32, .f16, .bf16] }
  /// Copies doubles and widens the rest; never fails.
  public static func convert(
    _ bytes: UnsafeRawBufferPointer, of type: ElementType,
    into scalars: UnsafeMutableBufferPointer<Double>
  ) -> Int? {
    switch type {
    case .f64: copy(bytes, scalars)
    case .f32: map(bytes, scalars) { (value: Float) in Double(value) }
    case .f16: map(bytes, scalars) { Double(Float(halfBits: $0)) }
    case .bf16: map(bytes, scalars) { Double(Float(bfloatBits: $0)) }
    default: unreadable(type, as: Self.self)
    }
    return nil
  }
}

extension Int32: TensorFileScalar {
  /// I32.
  public static var elementType: ElementType { .i32 }
  /// I32, I16, I8, U16 and U8.
  public static var readableTypes: Set<ElementType> { [.i32, .i16, .i8, .u16, .u8] }
  /// Copies or widens; never fails.
  public static func convert(
    _ bytes: UnsafeRawBufferPointer, of type: ElementType,
    into scalars: UnsafeMutableBufferPointer<Int32>
  ) -> Int? {
    switch type {
    case .i32: copy(bytes, scalars)
    case .i16: map(bytes, scalars) { (value: Int16) in Int32(value) }
    case .i8: map(bytes, scalars) { (value: Int8) in Int32(value) }
    case .u16: map(bytes, scalars) { (value: UInt16) in Int32(value) }
    case .u8: map(bytes, scalars) { (value: UInt8) in Int32(value) }
    default: unreadable(type, as: Self.self)
    }
    return nil
  }
}

extension Int64: TensorFileScalar {
  /// I64.
  public static var elementType: ElementType { .i64 }
  /// I64, I32, I16, I8, U64, U32, U16 and U8.
  public static var readableTypes: Set<ElementType> {
    [.i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8]
  }
  /// Copies or widens; fails at a U64 of 2^63 or more.
  public static func convert(
    _ bytes: UnsafeRawBufferPointer, of type: ElementType,
    into scalars: UnsafeMutableBufferPointer<Int64>
  ) -> Int? {
    switch type {
    case .i64: copy(bytes, scalars)
    case .i32: map(bytes, scalars) { (value: Int32) in Int64(value) }
    case .i16: map(bytes, scalars) { (value: Int16) in Int64(value) }
    case .i8: map(bytes, scalars) { (value: Int8) in Int64(value) }
    case .u64:
      copy(bytes, scalars)
      return scalars.firstIndex { $0 < 0 }
    case .u32: map(bytes, scalars) { (value: UInt32) in Int64(value) }
    case .u16: map(bytes, scalars) { (value: UInt16) in Int64(value) }
    case .u8: map(bytes, scalars) { (value: UInt8) in Int64(value) }
    default: unreadable(type, as: Self.self)
    }
    return nil
  }
}

extension UInt8: TensorFileScalar {
  /// U8.
  public static var elementType: ElementType { .u8 }
  /// U8.
  public static var readableTypes: Set<ElementType> { [.u8] }
  /// Copies; never fails.
  public static func convert(
    _ bytes: UnsafeRawBufferPointer, of type: ElementType,
    into scalars: UnsafeMutableBufferPointer<UInt8>
  ) -> Int? {
    copy(bytes, scalars)
    return nil
  }
}

extension Bool: TensorFileScalar {
  /// BOOL.
  public static var elementType: ElementType { .bool }
  /// BOOL.
  public static var readableTypes: Set<ElementType> { [.bool] }
  /// Copies zeros and ones; any other byte is an error.
  public static func convert(
    _ bytes: UnsafeRawBufferPointer, of type: ElementType,
    into scalars: UnsafeMutableBufferPointer<Bool>
  ) -> Int? {
    for (i, byte) in bytes.enumerated() {
      if byte > 1 { return i }
      scalars[i] = byte == 1
    }
    return nil
  }
}

extension FileReader {
  /// Reads a tensor stored in row-major order at `position`.
  ///
  /// The caller has checked that its bytes lie inside the file. Elements that need no conversion are read
  /// directly into the tensor, others through a buffer of bounded size. With `swapped` the elements are
  /// big-endian.
  func tensor<Scalar: TensorFileScalar>(
    at position: Int, of type: ElementType, shape: Shape, field: String, swapped: Bool = false
  ) throws(TensorFileError) -> Tensor<Scalar> {
    guard Scalar.readableTypes.contains(type) else {
      let names = Scalar.readableTypes.map(\.rawValue).sorted().joined(separator: ", ")
      throw TensorFileError(
        .typeMismatch, file: path, field: field, found: type.rawValue,
        expected: "one of \(names) to read it as \(Scalar.self)",
        remedy: type.scalar.map { "Pass `as: \($0).self`" }
          ?? "Convert the tensor to F32, F16 or BF16")
    }
    var failure: TensorFileError?
    let tensor = Tensor<Scalar>(unsafeUninitializedShape: shape) { scalars in
      do throws(TensorFileError) {
        if type == Scalar.elementType, type != .bool, !swapped {
          try read(at: position, into: UnsafeMutableRawBufferPointer(scalars))
        } else {
          try convert(at: position, of: type, into: scalars, field: field, swapped: swapped)
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return tensor
  }

  private func convert<Scalar: TensorFileScalar>(
    at position: Int, of type: ElementType, into scalars: UnsafeMutableBufferPointer<Scalar>,
    field: String, swapped: Bool
  ) throws(TensorFileError) {
    let chunk = 1 << 16
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: chunk * type.byteCount, alignment: 16)
    defer { buffer.deallocate() }
    for start in stride(from: 0, to: scalars.count, by: chunk) {
      let count = min(chunk, scalars.count - start)
      let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(count * type.byteCount)])
      try read(at: position + start * type.byteCount, into: bytes)
      if swapped {
        for first in stride(from: 0, to: bytes.count, by: type.byteCount) {
          bytes[first..<first + type.byteCount].reverse()
        }
      }
      let target = UnsafeMutableBufferPointer(rebasing: scalars[start..<start + count])
      if let fault = Scalar.convert(UnsafeRawBufferPointer(bytes), of: type, into: target) {
        throw TensorFileError(
          .malformed, file: path, field: field,
          offset: position + (start + fault) * type.byteCount,
          found: type == .bool ? "byte \(bytes[fault])" : "a number of 2^63 or more",
          expected: type == .bool ? "a BOOL" : "one that a signed integer of 64 bits holds")
      }
    }
  }
}

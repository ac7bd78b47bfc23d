internal import CKernels

/// The SHA-256 sum of bytes that arrive in pieces (FIPS 180-4).
package struct SHA256: Sendable {
  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
    0x5be0_cd19,
  ]
  /// Bytes that do not fill a block yet.
  private var rest: [UInt8] = []
  private var count: UInt64 = 0

  private static let blockSize = 64

  /// The sum of no bytes.
  package init() {}

  /// Takes the next bytes.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    count += UInt64(bytes.count)
    var bytes = bytes[...]
    if !rest.isEmpty {
      let missing = bytes.prefix(Self.blockSize - rest.count)
      rest += missing
      bytes = bytes.dropFirst(missing.count)
      guard rest.count == Self.blockSize else { return }
      loqt_sha256_compress(&state, rest, 1)
      rest.removeAll(keepingCapacity: true)
    }
    let blocks = bytes.count / Self.blockSize
    if blocks > 0 {
      loqt_sha256_compress(
        &state, UnsafeRawBufferPointer(rebasing: bytes).baseAddress!, blocks)
    }
    rest += bytes.dropFirst(blocks * Self.blockSize)
  }

  /// The sum of what has been taken so far, in 64 hexadecimal digits.
  package var digits: String {
    var padded = self
    let zeros = (Self.blockSize * 2 - 9 - rest.count) % Self.blockSize
    let length = (count * 8).bigEndian
    var ending: [UInt8] = [0x80] + [UInt8](repeating: 0, count: zeros)
    withUnsafeBytes(of: length) { ending += $0 }
    ending.withUnsafeBytes { padded.update($0) }
    return padded.state.flatMap { word in
      stride(from: 28, through: 0, by: -4).map { Self.digitNames[Int(word >> $0 & 15)] }
    }.reduce(into: "") { $0.append($1) }
  }

  private static let digitNames = Array("0123456789abcdef")
}

extension SHA256 {
  /// The sum of a file. Throws a `TensorFileError` where it cannot be read.
  package init(file path: String) throws(TensorFileError) {
    self.init()
    let reader = try FileReader(path: path)
    let pieceSize = 1 << 20
    var position = 0
    while position < reader.size {
      let piece = try reader.bytes(in: position..<min(position + pieceSize, reader.size))
      piece.withUnsafeBytes { update($0) }
      position += piece.count
    }
  }
}

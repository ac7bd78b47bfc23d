/// The bytes that `text` encodes in base 64 (RFC 4648, section 4), or nil if it is malformed.
func base64Decoded(_ text: [UInt8]) -> [UInt8]? {
  guard text.count % 4 == 0 else { return nil }
  let padding = text.suffix(2).filter { $0 == UInt8(ascii: "=") }.count
  var output: [UInt8] = []
  output.reserveCapacity(text.count / 4 * 3)
  var group: UInt32 = 0
  for (index, byte) in text.enumerated() {
    let digit: UInt8
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): digit = 62
    case UInt8(ascii: "/"): digit = 63
    case UInt8(ascii: "=") where index >= text.count - padding: digit = 0
    default: return nil
    }
    group = group << 6 | UInt32(digit)
    if index % 4 == 3 {
      output.append(UInt8(group >> 16 & 0xFF))
      output.append(UInt8(group >> 8 & 0xFF))
      output.append(UInt8(group & 0xFF))
      group = 0
    }
  }
  output.removeLast(padding)
  return output
}

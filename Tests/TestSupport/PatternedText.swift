/// A text of about `bytes` bytes with a pattern that a small model learns in a few steps.
public func patternedText(_ bytes: Int) -> [UInt8] {
  var text = ""
  var number = 0
  while text.utf8.count < bytes {
    text += "the \(["cat", "dog", "cow"][number % 3]) sat on the \(["mat", "log"][number % 2])\n"
    number += 1
  }
  return Array(text.utf8)
}

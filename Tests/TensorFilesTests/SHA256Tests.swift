import CKernels
import TensorFiles
import TestSupport
import Testing

@Suite struct SHA256Tests {
  /// Sums by Python's hashlib of bytes `(31 i + 7) mod 256`, by their count.
  private static let sums = [
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "ca358758f6d27e6cf45272937977a748fd88391db679ceda7dc7bf1f005ee879",
    3: "647674a296197442f518bcca323ec605dd8d098b2d4f22ee1fdcdd2bb753a189",
    55: "8aa994584139d128848eeebc4e815639ba5ab6e6e39574195a63ac4f14f7c43b",
    56: "ad574708f75c044c9b85de64cb568ee7711ff4f36448c6242f053ba8f6cc2b63",
    57: "5b46e502092be01b1100193e089fdda95638c12e19a1d24f308eb2c3d3ae849d",
    63: "280ed3e8ff1df845b2e7dfe6ac6cee817bef20e783cc65abc41b818b4d2fe076",
    64: "c6ab9724ade5b6a7a1edfffb12f3aa9181351355af8fd08c919952ad211339dd",
    65: "788367c73c7ddf4c53f65e68cc0d943e6227ab55b0e78ba63ace822b1c6301c0",
    119: "3d610547d68216dedf7435a4fb6260353911f6b3fd3f18805ddb8be285d726fe",
    120: "1f80156a804cb7862ad113e8200e9d74499723e7c7854d5f48776d3148e09656",
    127: "192409cd280e14b743642ad1343fbd3e82d9305de72c078117745a679210cc3d",
    128: "cc548ca2dec1f6fe4f58b2e27aa9c7521607df1130d140b55a4dad0665302356",
    1000: "5097e7d587352f5097062ae679f37bda5802d9f875aba14c8cb4d1a188ada179",
    65537: "74f3260f4a9adaf7271c910ba2d111dbae7a176afb487e1b7f655897eadf1093",
  ]

  private static func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: 31 * $0 + 7) }
  }

  /// On one thread, since the instruction set is that of the whole process.
  @Test func sumsAreThoseOfAnotherProgramByEveryInstructionSet() async {
    await #expect(processExitsWith: .success) {
      for level in [LOQT_PLAIN, LOQT_AVX2] {
        loqt_force_instruction_set(Int32(level))
        for (count, expected) in SHA256Tests.sums {
          var sum = SHA256()
          SHA256Tests.bytes(count).withUnsafeBytes { sum.update($0) }
          #expect(sum.digits == expected, "\(count) bytes")
        }
      }
    }
  }

  @Test(arguments: [1, 7, 63, 64, 65, 1_000])
  func piecesOfAnySizeGiveTheSumOfTheWhole(_ size: Int) {
    for (count, expected) in Self.sums {
      var sum = SHA256()
      let bytes = Self.bytes(count)
      for start in stride(from: 0, to: count, by: size) {
        bytes[start..<min(start + size, count)].withUnsafeBytes { sum.update($0) }
      }
      #expect(sum.digits == expected, "\(count) bytes in pieces of \(size)")
    }
  }
}

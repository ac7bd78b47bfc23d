import Formatting
import Testing

@Suite struct FormattingTests {
  /// C rounds the exact value of a double half to even.
  @Test func decimalsAreThoseOfC() {
    #expect(fixed(0.125, 2) == "0.12" && fixed(2.675, 2) == "2.67" && fixed(-0.5, 0) == "-0")
    #expect(printf("%6.2f %+.1f %%", 1.0, -2.25) == "  1.00 -2.2 %")
    #expect(fixed(1e308, 2).count == 312)
  }

  @Test func countsAreGroupedByThousands() {
    let counts = [0, 999, 1_000, -1_234_567, .max, .min]
    #expect(
      counts.map { grouped($0) } == [
        "0", "999", "1,000", "-1,234,567", "9,223,372,036,854,775,807",
        "-9,223,372,036,854,775,808",
      ])
    #expect(NumberText.grouped(-1_000) == "\u{2212}1,000")
  }

  @Test func numbersOfPagesHaveTheSignsOfPrint() {
    #expect(NumberText.decimals(-1_234.5, 1) == "\u{2212}1,234.5")
    #expect(
      NumberText.decimals(1.5e7, 3) == "1.50e+07" && NumberText.decimals(nil, 1) == "\u{2013}")
    #expect(NumberText.decimals(-.infinity, 1) == "\u{2212}\u{221e}")
    #expect(NumberText.percent(0.125, 1) == "12.5\u{202f}%")
    #expect(NumberText.rounded(1_850_000) == "1.85 million" && NumberText.rounded(9_999) == "9,999")
    #expect(NumberText.duration(754) == "12 min 34 s" && NumberText.duration(59.9) == "59.9 s")
  }

  @Test func numbersOfATerminalAreASCII() {
    #expect(
      PlainText.decimals(1_234.5, 1) == "1234.5" && PlainText.decimals(.nan, 1) == "not a number")
    #expect(
      PlainText.megabytes(99_000_000) == "99.00 MB" && PlainText.megabytes(123_400_000) == "123 MB")
    #expect(PlainText.gibibytes(3 << 29) == "1.50 GiB")
    #expect(PlainText.duration(3_661) == "1:01:01" && PlainText.duration(61) == "1:01")
  }

  @Test func columnsAreAsWideAsTheirWidestCell() {
    #expect(
      aligned([["", "loss"], ["a", "1"], ["bcd", "23456"]]) == [
        "      loss", "a        1", "bcd  23456",
      ])
    #expect("ab".padded(to: 3) + "|" == "ab |" && "abcd".padded(to: -3) == "abcd")
  }
}

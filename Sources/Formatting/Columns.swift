extension String {
  /// Pads with spaces: at the end, or at the start for a negative width.
  package func padded(to width: Int) -> String {
    let space = String(repeating: " ", count: max(0, abs(width) - count))
    return width < 0 ? space + self : self + space
  }
}

/// Aligns lines of cells in columns: the first column to the left, the others to the right.
package func aligned(_ lines: [[String]]) -> [String] {
  let widths = (lines.first ?? []).indices.map { column in
    lines.map { $0[column].count }.max() ?? 0
  }
  return lines.map { line in
    zip(line, widths).enumerated().map { column, cell in
      cell.0.padded(to: column == 0 ? cell.1 : -cell.1)
    }.joined(separator: "  ")
  }
}

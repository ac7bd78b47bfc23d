internal import Formatting
internal import Plots
internal import Training

extension HTMLReport {
  private struct Kind {
    var name: String
    var style: String
    var bytes: KeyPath<MemoryBreakdown, Int>
  }

  /// The kinds that at least one of the two has.
  private var kinds: [Kind] {
    let all = MemoryBreakdown.rows.map { Kind(name: $0.title, style: $0.key, bytes: $0.path) }
    return all.filter {
      record.memory[keyPath: $0.bytes] > 0 || record.fullRankMemory[keyPath: $0.bytes] > 0
    }
  }

  /// The bytes of the run beside those of full-rank Adam; empty if none were measured.
  var memorySection: Markup {
    guard record.memory.total > 0 || record.fullRankMemory.total > 0 else { return .empty }
    let bars = StackedBars(
      bars: [
        bar("This run", record.memory), bar("Full-rank Adam", record.fullRankMemory),
      ],
      text: { NumberText.megabytes(Int($0)) + " MB" })
    return section(
      "Memory",
      "Tensor bytes at their peak, in millions of bytes: measured for this run, by formula for "
        + "full-rank Adam.",
      [bars.markup, memoryTable])
  }

  private func bar(_ name: String, _ memory: MemoryBreakdown) -> StackedBars.Bar {
    StackedBars.Bar(
      name: name, total: NumberText.megabytes(memory.tensors) + " MB",
      parts: kinds.map { kind in
        StackedBars.Part(
          name: kind.name, style: kind.style, value: Double(memory[keyPath: kind.bytes]))
      })
  }

  private var memoryTable: Markup {
    func cell(_ bytes: Int) -> String {
      bytes == 0 ? NumberText.none : NumberText.megabytes(bytes)
    }
    let rows = kinds.map { kind -> Markup in
      """
      <tr><th><i class="\(kind.style)"></i>\(kind.name)</th>\
      <td>\(cell(record.memory[keyPath: kind.bytes]))</td>\
      <td>\(cell(record.fullRankMemory[keyPath: kind.bytes]))</td></tr>
      """
    }
    return """
      <div class="scroll"><table class="memory">
      <thead><tr><th>MB</th><th>this run</th><th>full-rank Adam</th></tr></thead>
      <tbody>
      \(rows)
      <tr class="sum"><th>sum</th><td>\(cell(record.memory.tensors))</td>\
      <td>\(cell(record.fullRankMemory.tensors))</td></tr>
      <tr><th>program and libraries</th><td>\(cell(record.memory.other))</td><td></td></tr>
      <tr><th>peak of resident memory</th><td>\(cell(record.peakResidentBytes))</td>\
      <td></td></tr>
      </tbody>
      </table></div>
      """
  }
}

internal import Autodiff
internal import Formatting
internal import Tensors

extension Module {
  /// A table of the module, its parts and their parameters: a tree of names with types, shapes and numbers
  /// of elements, and the totals below. Frozen and shared parameters and the parts of quantised matrices
  /// are marked.
  ///
  /// ```
  /// name          type        shape   elements
  /// ------------------------------------------
  /// model         Sequential                36
  /// ├─ 0          Linear                    20
  /// │  ├─ weight              [4, 4]        16
  /// │  └─ bias                [4]            4
  /// ├─ 1          Activation
  /// └─ 2          Linear                    16
  ///    └─ weight              [4, 4]        16
  /// ------------------------------------------
  /// trainable 36, frozen 0, total 36 elements; 144 bytes
  /// ```
  ///
  /// - Parameters:
  ///   - name: The name shown for the module itself.
  ///   - depth: The number of levels below it to show; all when left out.
  public func summary(name: String = "model", depth: Int? = nil) -> String {
    var table = SummaryTable()
    table.add(self, name: name, lead: "", below: "", depth: depth ?? .max)
    return table.text(parameterCounts)
  }
}

/// The rows of a summary.
private struct SummaryTable {
  private struct Row {
    var name: String
    var type = ""
    var shape = ""
    var count = ""
    var note = ""
  }

  private var rows = [Row(name: "name", type: "type", shape: "shape", count: "elements")]
  private var seen: Set<ObjectIdentifier> = []

  mutating func add(
    _ module: any Module, name: String, lead: String, below: String, depth: Int
  ) {
    let count = module.parameterCounts.total
    rows.append(
      Row(
        name: lead + name, type: "\(Swift.type(of: module))", count: count > 0 ? grouped(count) : ""
      ))
    let members = depth > 0 ? module.members : []
    for (index, member) in members.enumerated() {
      let isLast = index == members.count - 1
      let lead = below + (isLast ? "└─ " : "├─ ")
      switch member.content {
      case .module(let inner):
        add(
          inner, name: member.name, lead: lead, below: below + (isLast ? "   " : "│  "),
          depth: depth - 1)
      case .parameter(let parameter):
        let isFirst = seen.insert(ObjectIdentifier(parameter)).inserted
        let notes = (parameter.isTrainable ? [] : ["frozen"]) + (isFirst ? [] : ["shared"])
        rows.append(
          Row(
            name: lead + member.name, shape: "\(parameter.shape)",
            count: grouped(parameter.shape.elementCount), note: notes.joined(separator: ", ")))
      case .state(let tensor):
        rows.append(
          Row(
            name: lead + member.name, shape: "\(tensor.shape)",
            note: "state, \(grouped(tensor.byteCount)) bytes"))
      case .frozen:
        let layer = module as? any LinearLayer
        rows.append(
          Row(
            name: lead + member.name,
            shape: layer.map { "\(Shape([$0.outputSize, $0.inputSize]))" } ?? "",
            count: layer.map { grouped($0.outputSize * $0.inputSize) } ?? "", note: "frozen matrix")
        )
      }
    }
  }

  func text(_ counts: ParameterCounts) -> String {
    func width(_ column: KeyPath<Row, String>) -> Int {
      rows.map { $0[keyPath: column].count }.max() ?? 0
    }
    let widths = (width(\.name), width(\.type), width(\.shape), width(\.count))
    var lines = rows.map { row in
      let text =
        row.name.padded(to: widths.0) + "  " + row.type.padded(to: widths.1) + "  "
        + row.shape.padded(to: widths.2) + "  "
        + row.count.padded(to: -widths.3) + "  " + row.note
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
    let line = String(
      repeating: "-", count: widths.0 + widths.1 + widths.2 + widths.3 + 6)
    lines.insert(line, at: 1)
    let state = counts.stateBytes > 0 ? ", \(grouped(counts.stateBytes)) of them other state" : ""
    lines += [
      line,
      "trainable \(grouped(counts.trainable)), frozen \(grouped(counts.frozen)), "
        + "total \(grouped(counts.total)) elements; \(grouped(counts.byteCount)) bytes\(state)",
    ]
    return lines.joined(separator: "\n")
  }
}

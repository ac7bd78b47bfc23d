internal import Formatting
internal import Plots
public import TensorFiles
public import Training

/// A run as a self-contained HTML page with its numbers, loss curve, merges, memory, samples and
/// settings.
///
/// The page is also well-formed XML. Its size is bounded regardless of the length of the run.
public struct HTMLReport: Sendable {
  let record: RunRecord
  private let isRunning: Bool

  /// Creates the report of a run.
  ///
  /// - Parameters:
  ///   - record: The run.
  ///   - isRunning: Whether the run goes on, so that an open page is to be loaded again every minute.
  public init(_ record: RunRecord, isRunning: Bool = false) {
    self.record = record
    self.isRunning = isRunning
  }

  /// The page as HTML.
  public var html: String { page.text }

  /// Writes the page. Throws a `TensorFileError` if the file cannot be written.
  public func write(to path: String) throws(TensorFileError) {
    try AtomicFile.write(html, to: path)
  }

  private var page: Markup {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta name="color-scheme" content="light dark"/>
    \(isRunning ? "<meta http-equiv=\"refresh\" content=\"60\"/>" : Markup.empty)
    <title>\(title)</title>
    <style>\(Self.styleSheet)</style>
    </head>
    <body>
    <main>
    \(header)
    \(notices)
    \(classificationSection)
    \(lossSection)
    \(mergeSection)
    \(memorySection)
    \(samples)
    \(settings)
    </main>
    </body>
    </html>

    """
  }

  private var title: String {
    let text = record.settings.first { $0.name == "text" }?.value
    let name = text?.split(separator: "/").last
    return name.map { "\(methodName) on \($0)" } ?? methodName
  }

  /// The command that starts such a run.
  private var command: String {
    record.settings.contains { $0.name == "trained model" }
      ? record.classification == nil ? "loqt finetune" : "loqt finetune --classify"
      : "loqt pretrain"
  }

  private var methodName: String {
    TrainingMethod(rawValue: record.method)?.title ?? record.method
  }

  private var header: Markup {
    let tokens = record.steps.count * record.tokensPerStep
    let facts = [
      "\(NumberText.rounded(record.parameterCount)) parameters",
      "\(NumberText.grouped(record.steps.count)) steps",
      "\(NumberText.rounded(tokens)) tokens", NumberText.duration(record.wallSeconds),
      "seed \(record.seed)",
    ]
    return """
      <header>
      <p class="eyebrow">\(command)</p>
      <h1>\(title)</h1>
      <p class="facts">\(facts.map { fact -> Markup in "<span>\(fact)</span>" })</p>
      </header>
      <dl class="tiles">
      \(tiles)
      </dl>
      """
  }

  private var tiles: [Markup] {
    let isMeasured = !record.validationLoss.isNaN
    let last = record.evaluations.last
    let loss = isMeasured ? record.validationLoss : last?.loss
    let measured =
      isMeasured
      ? "loss \(NumberText.decimals(loss, 3)) nats per token"
      : last.map { "stopped early; in part, after step \(NumberText.grouped($0.step))" }
        ?? "not measured"
    let (state, full) = (record.memory.state, record.fullRankMemory.state)
    let cost = [
      tile(
        "Training speed", NumberText.decimals(record.tokensPerSecond, 0), "tokens per second"),
      tile(
        "Memory", full > 0 ? NumberText.percent(Double(state) / Double(full), 0) : NumberText.none,
        "of full-rank Adam\u{2019}s \(NumberText.megabytes(full))\u{202f}MB"),
    ]
    if let scores = record.classification {
      return scores.measures.prefix(2).map { measure in
        tile(
          measure.name, NumberText.decimals(measure.value, 3),
          "on \(NumberText.grouped(scores.count)) texts that were not learnt")
      } + cost
    }
    return [
      tile(
        "Validation perplexity", NumberText.decimals(loss.map(perplexity(ofLoss:)), 2), measured),
      tile(
        "Bits per byte", NumberText.decimals(record.bitsPerByte, 3),
        record.bitsPerByte.isNaN ? "not measured" : "on the validation text"),
    ] + cost
  }

  private func tile(_ name: String, _ value: String, _ note: String) -> Markup {
    """
    <div><dt>\(name)</dt><dd class="value">\(value)</dd><dd class="note">\(note)</dd></div>
    """
  }

  private var notices: Markup {
    record.notices.isEmpty
      ? .empty
      : """
      <aside aria-label="Notices">
      \(record.notices.map { notice -> Markup in "<p>\(notice)</p>" })
      </aside>
      """
  }

  private var samples: Markup {
    let quotes = record.samples.map { sample -> Markup in
      """
      <blockquote><span class="prompt">\(sample.prompt)</span>\(sample.continuation)</blockquote>
      """
    }
    return section(
      "Samples",
      "Text generated at the end of the run. The beginning in grey is from the validation text.",
      quotes)
  }

  private var settings: Markup {
    let rows = record.settings.map { setting -> Markup in
      "<div><dt>\(setting.name)</dt><dd>\(setting.value)</dd></div>"
    }
    return section("Settings", nil, rows.isEmpty ? [] : ["<dl class=\"settings\">\(rows)</dl>"])
  }

  /// A heading with its content; empty if the content is.
  func section(_ title: String, _ introduction: String?, _ content: [Markup]) -> Markup {
    let introduction = introduction.map { text -> Markup in "<p class=\"lead\">\(text)</p>" }
    return content.isEmpty
      ? .empty
      : """
      <section>
      <h2>\(title)</h2>
      \(introduction ?? .empty)
      \(content)
      </section>
      """
  }
}

package import Plots

extension HTMLReport {
  /// The style sheet. Its colours suit the colour-blind and have enough contrast in both schemes.
  package static let styleSheet: Markup = """
    :root {
      color-scheme: light dark;
    \(Palette.light.properties(after: "  "))
    }
    @media (prefers-color-scheme: dark) {
      :root {
    \(Palette.dark.properties(after: "    "))
      }
    }
    * { box-sizing: border-box; }
    html { background: var(--ground); -webkit-text-size-adjust: 100%; }
    body {
      margin: 0; color: var(--ink); background: var(--ground);
      font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
      font-variant-numeric: tabular-nums;
    }
    main { max-width: 56rem; margin: 0 auto; padding: 3rem 1.25rem 4rem; }
    h1 { font-size: 2.1rem; line-height: 1.2; margin: 0; letter-spacing: -.02em; }
    h2 { font-size: 1.25rem; margin: 0 0 .35rem; letter-spacing: -.01em; }
    section { margin-top: 3rem; }
    p { margin: 0; }
    i { font-style: normal; }
    .eyebrow { color: var(--soft); font-size: .875rem; margin-bottom: .3rem; }
    .facts { color: var(--soft); margin-top: .6rem; }
    .facts span { white-space: nowrap; }
    .facts span:not(:last-child)::after { content: " ·"; }
    .lead { color: var(--soft); max-width: 42rem; margin-bottom: 1rem; }

    .tiles {
      display: grid; grid-template-columns: repeat(4, 1fr); gap: .75rem; margin: 1.75rem 0 0;
    }
    .tiles div { background: var(--surface); border-radius: .6rem; padding: .9rem 1rem 1rem; }
    .tiles dt { font-size: .875rem; color: var(--soft); }
    .tiles dd { margin: 0; }
    .tiles .value {
      font-size: 2rem; font-weight: 650; line-height: 1.25; letter-spacing: -.02em;
      font-variant-numeric: proportional-nums;
    }
    .tiles .note { font-size: .8125rem; line-height: 1.4; color: var(--soft); }

    aside {
      margin-top: 1.5rem; padding: .7rem 1rem; border-left: 4px solid var(--amber);
      background: var(--surface); border-radius: 0 .4rem .4rem 0;
    }
    aside p + p { margin-top: .4rem; }

    figure { margin: 0; }
    svg { display: block; width: 100%; height: auto; }
    .narrow { display: none; }
    .plot { overflow: hidden; }
    .grid { stroke: var(--rule); }
    .axis { stroke: var(--merge); }
    text { font-size: 12px; fill: var(--soft); font-variant-numeric: tabular-nums; }
    polyline { fill: none; stroke-linejoin: round; stroke-linecap: round; }
    polyline.raw { stroke: var(--raw); stroke-width: 1; }
    polyline.raw.dense { stroke-opacity: .6; }
    polyline.smoothed { stroke: var(--blue); stroke-width: 2.25; }
    polyline.validation { stroke: var(--amber); stroke-width: 1.5; }
    polyline.measure { stroke: var(--blue); stroke-width: 1.5; }
    circle { stroke: var(--ground); stroke-width: 1.5; }
    circle.validation { fill: var(--amber); }
    circle.measure { fill: var(--blue); }
    line.measure { stroke: var(--raw); stroke-width: 5; stroke-linecap: round; }
    line.measure.dense { stroke-width: 2; }
    text.validation, text.measure { fill: var(--ink); font-weight: 650; }
    .merge line { stroke: var(--merge); stroke-dasharray: 3 3; }
    .merge .target { stroke: transparent; stroke-width: 9; stroke-dasharray: none; }
    .merge:hover line { stroke: var(--ink); }
    .merge:hover .target { stroke: transparent; }

    .legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; padding: 0; }
    .legend { margin: .25rem 0 1rem; font-size: .875rem; color: var(--soft); }
    .legend li { display: flex; align-items: center; gap: .5rem; }
    .legend i { width: 1.25rem; height: 0; border-top: 3px solid; }
    .legend .raw { border-top-width: 2px; border-color: var(--raw); }
    .legend .smoothed { border-color: var(--blue); }
    .legend .validation {
      width: .65rem; height: .65rem; border-radius: 50%; border: 0; background: var(--amber);
    }
    .legend .merge {
      width: 0; height: 1rem; border: 0; border-left: 1.5px dashed var(--merge);
    }
    .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1.25rem; margin-bottom: 1rem; }

    .bars { display: grid; gap: 1rem; margin-bottom: 1.25rem; }
    .bar { display: grid; grid-template-columns: 1fr auto; gap: .25rem; }
    .bar strong { font-weight: 650; }
    .bar svg { grid-column: 1 / -1; height: 2rem; }
    .bar rect { stroke: var(--ground); stroke-width: 2; vector-effect: non-scaling-stroke; }
    \(MemoryPlot.colors.map { kind, color, _ -> Markup in
      "rect.\(kind) { fill: var(--\(color)); } i.\(kind) { background: var(--\(color)); }"
    })

    .scroll { overflow-x: auto; }
    .rows { max-height: 31rem; overflow-y: auto; }
    .rows thead th { position: sticky; top: 0; background: var(--ground); }
    table { border-collapse: collapse; width: 100%; font-size: .875rem; }
    th, td { padding: .4rem .6rem; text-align: right; white-space: nowrap; font-weight: 400; }
    thead th { color: var(--soft); vertical-align: bottom; white-space: normal; }
    tbody tr { border-top: 1px solid var(--rule); }
    th:first-child, td:first-child { padding-left: 0; }
    th:last-child, td:last-child { padding-right: 0; }
    :is(.layers, .measures, .confusion) :is(th, td):first-child { text-align: left; }
    .confusion { margin-top: 1.5rem; }
    details { margin-top: 1rem; }
    .merges { table-layout: fixed; min-width: 34rem; }
    .merges th:first-child { width: 3.5rem; }
    .memory th:first-child { text-align: left; white-space: normal; }
    .memory i {
      display: inline-block; width: .75rem; height: .75rem; border-radius: .15rem;
      margin-right: .6rem;
    }
    .sum th, .sum td { font-weight: 650; }
    td.gap { text-align: center; color: var(--soft); }

    blockquote {
      margin: 0; padding: .9rem 1.1rem; background: var(--surface); border-radius: .6rem;
      font-family: Charter, "Iowan Old Style", Georgia, serif; white-space: pre-wrap;
      overflow-wrap: anywhere;
    }
    blockquote + blockquote { margin-top: .75rem; }
    .prompt { color: var(--soft); }
    .settings { margin: 0; columns: 2; column-gap: 2.5rem; font-size: .875rem; }
    .settings div {
      display: flex; justify-content: space-between; gap: 1rem; padding: .35rem 0;
      border-top: 1px solid var(--rule); break-inside: avoid;
    }
    .settings dt { color: var(--soft); }
    .settings dd { margin: 0; text-align: right; overflow-wrap: anywhere; }

    @media (max-width: 40rem) {
      main { padding: 1.75rem 1rem 3rem; }
      h1 { font-size: 1.6rem; }
      section { margin-top: 2.25rem; }
      .tiles { grid-template-columns: 1fr 1fr; }
      .tiles div { padding: .75rem .8rem .85rem; }
      .tiles dt { font-size: .8125rem; }
      .tiles .value { font-size: 1.6rem; }
      .wide { display: none; }
      .narrow { display: block; }
      .pair { grid-template-columns: 1fr; }
      .settings { columns: 1; }
    }
    @media print {
      html { font-size: 10pt; }
      body { font-size: 1rem; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      main { max-width: none; padding: 0; }
      section { margin-top: 1.75rem; }
      h2, .lead { break-after: avoid; }
      figure, .tiles, .bars, .memory, .settings, blockquote, tr { break-inside: avoid; }
      .scroll { overflow: visible; max-height: none; }
    }
    """
}

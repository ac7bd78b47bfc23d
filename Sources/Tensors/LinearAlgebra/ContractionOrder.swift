/// In which order `einsum` contracts its operands.
struct ContractionOrder {
  /// Two terms to multiply, the axes that are still needed afterwards; the product is added behind the
  /// terms so far.
  private(set) var steps: [(left: Int, right: Int, needed: Set<Character>)] = []

  /// The order that multiplies the fewest numbers in all; of more than eight terms, always the pair that
  /// multiplies the fewest next. Among equals, the one further left comes first.
  init(_ terms: [Set<Character>], output: Set<Character>, sizes: [Character: Int]) {
    func work(_ letters: Set<Character>) -> Double {
      letters.reduce(1) { $0 * Double(sizes[$1]!) }
    }
    guard terms.count > 2 else {
      if terms.count == 2 { steps = [(0, 1, output)] }
      return
    }
    if terms.count > 8 {
      var open = Array(terms.indices)
      var all = terms
      while open.count > 1 {
        var best = (work: Double.infinity, i: 0, j: 1)
        for i in open.indices {
          for j in open.indices where j > i {
            let cost = work(all[open[i]].union(all[open[j]]))
            if cost < best.work { best = (cost, i, j) }
          }
        }
        let (left, right) = (open[best.i], open[best.j])
        open.remove(at: best.j)
        open.remove(at: best.i)
        let needed = open.reduce(output) { $0.union(all[$1]) }
        steps.append((left, right, needed))
        open.insert(all.count, at: 0)
        all.append(all[left].union(all[right]).intersection(needed))
      }
      return
    }
    // The best way to contract every set of terms, from the smaller sets to the larger ones.
    let whole = (1 << terms.count) - 1
    func union(_ set: Int) -> Set<Character> {
      terms.indices.reduce(into: []) { if set >> $1 & 1 == 1 { $0.formUnion(terms[$1]) } }
    }
    let needed = (0...whole).map { union(whole & ~$0).union(output) }
    let letters = (0...whole).map { set in
      set.nonzeroBitCount == 1 ? union(set) : union(set).intersection(needed[set])
    }
    var cost = [Double](repeating: .infinity, count: whole + 1)
    var cut = [Int](repeating: 0, count: whole + 1)
    for set in 1...whole {
      if set.nonzeroBitCount == 1 {
        cost[set] = 0
        continue
      }
      var part = (set - 1) & set
      while part > 0 {
        let rest = set & ~part
        // Each pair once, with the first term on the left.
        if part & set & -set != 0 {
          let total = cost[part] + cost[rest] + work(letters[part].union(letters[rest]))
          if total < cost[set] { (cost[set], cut[set]) = (total, part) }
        }
        part = (part - 1) & set
      }
    }
    var count = terms.count
    func contract(_ set: Int, _ steps: inout [(left: Int, right: Int, needed: Set<Character>)])
      -> Int
    {
      if set.nonzeroBitCount == 1 { return set.trailingZeroBitCount }
      let left = contract(cut[set], &steps)
      let right = contract(set & ~cut[set], &steps)
      steps.append((left, right, needed[set]))
      count += 1
      return count - 1
    }
    _ = contract(whole, &steps)
  }
}

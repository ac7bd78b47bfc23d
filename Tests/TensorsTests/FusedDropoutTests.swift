import Tensors
import Testing

@Suite struct FusedDropoutTests {
  @Test("Both precisions have the same mask, and the last use of a gradient works in place")
  func masks() {
    let random = RandomSource(seed: 1)
    let single = dropout(Tensor<Float>.ones([9999]), rate: 0.4, random: random)
    let double = dropout(Tensor<Double>.ones([9999]), rate: 0.4, random: random)
    #expect(zip(single.scalars, double.scalars).allSatisfy { ($0 == 0) == ($1 == 0) })
    let x = Tensor<Float>.ones([64])
    let place = address(of: x)
    let dropped = dropout(consume x, rate: 0.5, random: random)
    #expect(address(of: dropped) == place)
  }

  @Test("The mask does not depend on the number of threads or the elements after it")
  func prefix() {
    let random = RandomSource(seed: 1)
    let long = dropout(Tensor<Float>.ones([100_000]), rate: 0.4, random: random)
    for count in [1, 4095, 4096, 4097, 50_000] {
      #expect(
        dropout(Tensor<Float>.ones([count]), rate: 0.4, random: random) == long.sliced(0..<count))
    }
  }
}

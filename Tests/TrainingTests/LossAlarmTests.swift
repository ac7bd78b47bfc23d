import Testing
import Training

@Suite struct LossAlarmTests {
  @Test func aLossFarAboveThoseBeforeRingsOnce() {
    var alarm = LossAlarm()
    var rings: [Int] = []
    for step in 0..<100 {
      // Between 3.9 and 4.1 but for steps 40, 41 and 70.
      let usual = 4 + 0.1 * (step % 2 == 0 ? 1 : -1)
      if let mean = alarm.take([40, 41, 70].contains(step) ? 6 : usual) {
        rings.append(step)
        #expect(abs(mean - 4) < 0.05)
      }
    }
    #expect(rings == [40, 70])
  }

  @Test func noiseAFallAndTheFirstStepsDoNotRing() {
    var alarm = LossAlarm()
    for step in 0..<200 {
      let loss = 4 + 6 / Double(1 + step) + 0.3 * (Double(step * 7919 % 13) / 13 - 0.5)
      #expect(alarm.take(step == 5 ? 40 : loss) == nil, "step \(step)")
    }
    #expect(alarm.take(.nan) == nil && alarm.take(.infinity) == nil)
    #expect(alarm.take(5) != nil)
  }
}

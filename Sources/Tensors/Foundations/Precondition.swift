// Swift's own `precondition` drops its message in release builds, where training runs. These
// replace it in every file of the package that imports this module.

/// Ends the process with `message`, in release builds too, unless `condition` holds.
@inline(__always)
package func precondition(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String = String(),
  file: StaticString = #fileID, line: UInt = #line
) {
  if !condition() { fatalError(message(), file: file, line: line) }
}

/// Ends the process with `message`, in release builds too.
package func preconditionFailure(
  _ message: @autoclosure () -> String = String(), file: StaticString = #fileID,
  line: UInt = #line
) -> Never {
  fatalError(message(), file: file, line: line)
}

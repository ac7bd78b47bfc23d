import Synchronization
package import TensorFiles

/// File operations that fail at one call, counted from 0.
package final class Saboteur: Sendable {
  package enum Fault: Sendable, CaseIterable {
    /// One call fails because the disk is full.
    case noSpace
    /// One call fails with an input or output error.
    case inputOutput
    /// All writes take half of what they get, which is no failure.
    case shortWrites
    /// The process is killed: nothing happens afterwards. A write still leaves half its bytes.
    case kill
  }

  private let state = Mutex<[String]>([])
  private let fault: Fault
  private let position: Int
  /// Whether the file system can swap two names.
  private let canExchange: Bool

  package init(_ fault: Fault, at position: Int, canExchange: Bool = true) {
    self.fault = fault
    self.position = position
    self.canExchange = canExchange
  }

  /// The requested operations in order.
  package var log: [String] { state.withLock { $0 } }
  package var hasStruck: Bool { fault != .shortWrites && log.count > position }

  private func strike(_ call: String) -> SystemError? {
    let count = state.withLock {
      $0.append(call)
      return $0.count - 1
    }
    if fault == .shortWrites { return nil }
    if fault == .kill ? count < position : count != position { return nil }
    return SystemError(call, fault == .noSpace ? SystemError.noSpace : SystemError.inputOutput)
  }

  private func check(_ call: String) throws(SystemError) {
    if let error = strike(call) { throw error }
  }

  /// Operations to put in force.
  package var operations: FileOperations {
    let system = FileOperations.system
    var result = system
    result.create = { [self] (path, mode) throws(SystemError) in
      try check("create")
      return try system.create(path, mode)
    }
    result.write = { [self] (descriptor, bytes) throws(SystemError) in
      if fault == .shortWrites {
        return try system.write(descriptor, .init(rebasing: bytes.prefix(bytes.count / 2 + 1)))
      }
      if let error = strike("write") {
        if fault == .kill, log.count == position + 1 {
          _ = try system.write(descriptor, .init(rebasing: bytes.prefix(bytes.count / 2)))
        }
        throw error
      }
      return try system.write(descriptor, bytes)
    }
    result.synchronize = { [self] (descriptor) throws(SystemError) in
      try check("synchronize")
      try system.synchronize(descriptor)
    }
    result.close = { [self] (descriptor) throws(SystemError) in
      // The descriptor must not leak into other tests.
      try system.close(descriptor)
      try check("close")
    }
    result.rename = { [self] (old, new) throws(SystemError) in
      try check("rename")
      try system.rename(old, new)
    }
    result.exchange = { [self] (one, other) throws(SystemError) in
      try check("exchange")
      guard canExchange else { return false }
      return try system.exchange(one, other)
    }
    result.makeFolder = { [self] (path) throws(SystemError) in
      try check("makeFolder")
      try system.makeFolder(path)
    }
    result.removeFile = { [self] (path) throws(SystemError) in
      try check("removeFile")
      try system.removeFile(path)
    }
    result.removeFolder = { [self] (path) throws(SystemError) in
      try check("removeFolder")
      try system.removeFolder(path)
    }
    return result
  }
}

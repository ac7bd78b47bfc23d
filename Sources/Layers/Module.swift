public import Autodiff
public import Tensors

/// A part of a model, which owns parameters, other tensors, or modules.
///
/// A module is usually a struct whose stored properties are parameters, layers or arrays of layers, which
/// the default `members` finds by reflection. A model whose published names differ from its property
/// names implements `members` itself.
public protocol Module {
  /// The module's members by name, in order.
  var members: [ModuleMember] { get }
}

/// A named member of a module.
public struct ModuleMember {
  /// The kinds of members.
  public enum Content {
    /// A trainable (or frozen) parameter.
    case parameter(Parameter)
    /// The handle of a frozen matrix, through which its gradient can be requested.
    case frozen(FrozenMatrix)
    /// A tensor of the module's state that is not trained, as of the time of the call.
    case state(StateTensor)
    /// A submodule.
    case module(any Module)
  }

  /// The name within the owner.
  public let name: String
  /// The member itself.
  public let content: Content

  /// A member.
  public init(_ name: String, _ content: Content) {
    self.name = name
    self.content = content
  }

  /// A submodule.
  public init(_ name: String, _ module: any Module) { self.init(name, .module(module)) }

  /// A parameter.
  public init(_ name: String, _ parameter: Parameter) { self.init(name, .parameter(parameter)) }

  /// The submodules of an array: `name.0`, `name.1`, ...
  public static func list(_ name: String, _ modules: [any Module]) -> [ModuleMember] {
    modules.enumerated().map { ModuleMember("\(name).\($0.offset)", $0.element) }
  }
}

/// A tensor of a module's state, of any stored scalar type.
public enum StateTensor: Sendable {
  /// Single precision.
  case float(Tensor<Float>)
  /// Bytes: packed codes.
  case bytes(Tensor<UInt8>)
  /// Integers.
  case integers(Tensor<Int64>)
  /// Single precision, not in memory.
  case deferred(DeferredTensor)

  /// The sizes of its axes.
  public var shape: Shape {
    switch self {
    case .float(let tensor): tensor.shape
    case .bytes(let tensor): tensor.shape
    case .integers(let tensor): tensor.shape
    case .deferred(let tensor): tensor.shape
    }
  }

  /// Bytes of its elements in memory.
  public var byteCount: Int {
    switch self {
    case .float(let tensor): tensor.byteCount
    case .bytes(let tensor): tensor.byteCount
    case .integers(let tensor): tensor.byteCount
    case .deferred: 0
    }
  }
}

extension Module {
  /// The parameters and modules among the stored properties, in order of declaration; arrays give
  /// `name.0`, `name.1`, ...; nil optionals and everything else are skipped.
  public var members: [ModuleMember] {
    Mirror(reflecting: self).children.flatMap { child -> [ModuleMember] in
      guard let name = child.label else { return [] }
      return Self.members(named: name, child.value)
    }
  }

  private static func members(named name: String, _ value: Any) -> [ModuleMember] {
    switch value {
    case let parameter as Parameter: return [ModuleMember(name, parameter)]
    case let module as any Module: return [ModuleMember(name, module)]
    default: break
    }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      return mirror.children.flatMap { members(named: name, $0.value) }
    case .collection:
      return mirror.children.enumerated().flatMap { index, child in
        members(named: "\(name).\(index)", child.value)
      }
    default: return []
    }
  }

  /// Visits everything below this module with its dotted name, depth first; shared modules are visited
  /// under each of their names.
  public func walk(prefix: String = "", _ visit: (String, ModuleMember.Content) throws -> Void)
    rethrows
  {
    for member in members {
      let name = prefix.isEmpty ? member.name : prefix + "." + member.name
      try visit(name, member.content)
      if case .module(let module) = member.content { try module.walk(prefix: name, visit) }
    }
  }

  /// All parameters with their dotted names; a shared parameter appears once, under its first name.
  public func namedParameters() -> [(name: String, parameter: Parameter)] {
    var seen: Set<ObjectIdentifier> = []
    var result: [(name: String, parameter: Parameter)] = []
    walk { name, content in
      if case .parameter(let parameter) = content,
        seen.insert(ObjectIdentifier(parameter)).inserted
      {
        result.append((name, parameter))
      }
    }
    return result
  }

  /// All parameters, each once.
  public var parameters: [Parameter] { namedParameters().map(\.parameter) }

  /// All modules below this one of a given type, with their dotted names, each object once.
  public func modules<M>(ofType type: M.Type) -> [(name: String, module: M)] {
    var seen: Set<ObjectIdentifier> = []
    var result: [(name: String, module: M)] = []
    walk { name, content in
      guard case .module(let module) = content, let found = module as? M else { return }
      if let object = found as AnyObject?, Swift.type(of: module) is AnyClass,
        !seen.insert(ObjectIdentifier(object)).inserted
      {
        return
      }
      result.append((name, found))
    }
    return result
  }

  /// Sets the name of each parameter and frozen matrix to its dotted name, for messages and reports.
  public func nameParameters() {
    for (name, parameter) in namedParameters() { parameter.name = name }
    walk { name, content in
      if case .frozen(let matrix) = content { matrix.name = name }
    }
  }
}

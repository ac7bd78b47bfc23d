public import Autodiff
public import Tensors

/// A part of a model: something that owns parameters, other tensors, or modules.
///
/// A module is usually a struct whose stored properties are parameters, layers or arrays of layers;
/// then nothing needs to be written: `members` finds them by reflection, read only. A model whose
/// published names differ from its property names spells `members` out.
public protocol Module {
  /// What the module owns, by name, in order.
  var members: [ModuleMember] { get }
}

/// One named thing that a module owns.
public struct ModuleMember {
  /// What it is.
  public enum Content {
    /// A trainable (or frozen) parameter.
    case parameter(Parameter)
    /// A matrix that is not trained itself, as a handle for its gradient.
    case frozen(FrozenMatrix)
    /// A tensor that belongs to the module's state but is not trained, read at the time of asking.
    case state(StateTensor)
    /// A module within.
    case module(any Module)
  }

  /// The name within its owner.
  public let name: String
  /// The thing itself.
  public let content: Content

  /// A member.
  public init(_ name: String, _ content: Content) {
    self.name = name
    self.content = content
  }

  /// A module within.
  public init(_ name: String, _ module: any Module) { self.init(name, .module(module)) }

  /// A parameter.
  public init(_ name: String, _ parameter: Parameter) { self.init(name, .parameter(parameter)) }

  /// Modules of an array: `name.0`, `name.1`, ...
  public static func list(_ name: String, _ modules: [any Module]) -> [ModuleMember] {
    modules.enumerated().map { ModuleMember("\(name).\($0.offset)", $0.element) }
  }
}

/// A tensor of a module's state, of whichever scalar it is stored in.
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
  /// Parameters and modules among the stored properties, in order of declaration; arrays give
  /// `name.0`, `name.1`, ...; nil optionals and everything else are passed over.
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

  /// Everything below this module with its dotted name, depth first; shared modules appear under
  /// each of their names.
  public func walk(prefix: String = "", _ visit: (String, ModuleMember.Content) throws -> Void)
    rethrows
  {
    for member in members {
      let name = prefix.isEmpty ? member.name : prefix + "." + member.name
      try visit(name, member.content)
      if case .module(let module) = member.content { try module.walk(prefix: name, visit) }
    }
  }

  /// All parameters with their dotted names; one that is shared appears once, under its first name.
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

  /// Writes each parameter's and frozen matrix's dotted name into it, so that messages and reports
  /// can name it.
  public func nameParameters() {
    for (name, parameter) in namedParameters() { parameter.name = name }
    walk { name, content in
      if case .frozen(let matrix) = content { matrix.name = name }
    }
  }
}

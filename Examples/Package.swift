// swift-tools-version: 6.2
import PackageDescription

/// Libraries of the package.
func libraries(_ names: String...) -> [Target.Dependency] {
  names.map { .product(name: $0, package: "swift-loqt") }
}

let programs: [(name: String, libraries: [Target.Dependency])] = [
  ("TensorsInTwentyLines", libraries("Tensors")),
  ("LeastSquares", libraries("Tensors")),
  ("LearnASpiral", libraries("LoQTKit")),
  ("LoQTOnYourModel", libraries("LoQTKit")),
  ("CustomOperation", libraries("Autodiff", "Tensors")),
  ("MethodOfYourOwn", libraries("LoQTKit", "LanguageModels", "Training")),
  ("QuantizeAMatrix", libraries("Quantization", "Tensors")),
  ("SafetensorsFiles", libraries("TensorFiles", "Tensors")),
  ("PretrainALanguageModel", libraries("LanguageModels", "Tensors", "Tokenization", "Training")),
  ("LookInsideARun", libraries("LanguageModels", "LoQTKit", "Training")),
]

// A package like those of the libraries' users: `swift run -c release LearnASpiral`.
let package = Package(
  name: "examples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "swift-loqt", path: "..")],
  targets: programs.map { .executableTarget(name: $0.name, dependencies: $0.libraries) } + [
    .testTarget(
      name: "ConsumerTests",
      dependencies: libraries("Tensors", "Autodiff", "Layers", "Optimizers", "LoQT", "TensorFiles")),
    // A method, a model, a schedule and a task from outside.
    .testTarget(
      name: "TrainerConsumerTests",
      dependencies: libraries(
        "LoQTKit", "LanguageModels", "Training", "Tokenization", "TensorFiles", "JSON")),
    // Runs every program.
    .testTarget(
      name: "ProgramTests", dependencies: programs.map { .target(name: $0.name) }),
    // Compiles and runs the code of the documentation.
    .executableTarget(name: "GuideExtractor"),
    .plugin(
      name: "ExtractGuides", capability: .buildTool(), dependencies: ["GuideExtractor"]),
    .testTarget(
      name: "GuideTests",
      dependencies: libraries(
        "LoQTKit", "LanguageModels", "Tokenization", "TensorFiles", "Tensors", "Training", "JSON"),
      plugins: ["ExtractGuides"]),
    // Uses Tensors alone.
    .testTarget(name: "TensorsConsumerTests", dependencies: libraries("Tensors")),
  ],
  swiftLanguageModes: [.v6]
)

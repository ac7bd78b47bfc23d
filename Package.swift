// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
]

/// One rung of the ladder: a library target that is also its own product.
func rung(_ name: String, on dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(
  of name: String, with dependencies: [Target.Dependency] = [], excluding files: [String] = []
) -> Target {
  .testTarget(
    name: name + "Tests",
    dependencies: [.target(name: name), "TestSupport"] + dependencies,
    exclude: files,
    swiftSettings: settings)
}

let libraries = [
  "Tensors", "Quantization", "Autodiff", "Layers", "Optimizers", "Stepping", "QuantizedLayers",
  "Adapters", "LoQT", "LanguageModels", "TensorFiles", "Tokenization", "Methods", "Training",
  "Reports",
  "Experiments",
]

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "swift-loqt",
  platforms: [.macOS(.v15)],
  products: libraries.map { .library(name: $0, targets: [$0]) } + [
    .executable(name: "loqt", targets: ["LoQTCommand"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    // 0: the system's OpenBLAS and LAPACKE, and our own C kernels.
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev", "liblapacke-dev"]), .brew(["openblas"])]),
    .target(name: "CKernels"),
    // Beside the ladder, on nothing.
    rung("Plots"),
    // 1-2: numbers.
    rung("Tensors", on: ["COpenBLAS", "CKernels"]),
    rung("Quantization", on: ["Tensors", "CKernels"]),
    // 3-4: gradients.
    rung("Autodiff", on: ["Tensors"]),
    rung("Layers", on: ["Autodiff", "Tensors"]),
    // 5-6: the methods.
    rung("Optimizers", on: ["Autodiff", "Quantization", "Tensors"]),
    rung("Stepping", on: ["Optimizers", "Layers", "Autodiff", "Quantization", "Tensors"]),
    rung("QuantizedLayers", on: ["Stepping", "Layers", "Autodiff", "Quantization", "Tensors"]),
    rung(
      "Adapters",
      on: [
        "QuantizedLayers", "Stepping", "Optimizers", "Layers", "Autodiff", "Quantization",
        "Tensors",
      ]),
    rung(
      "LoQT",
      on: [
        "QuantizedLayers", "Stepping", "Optimizers", "Layers", "Autodiff", "Quantization",
        "Tensors",
      ]),
    // 6-8: the job.
    rung("LanguageModels", on: ["Layers", "Autodiff", "Tensors", "TensorFiles"]),
    rung("TensorFiles", on: ["Quantization", "Tensors"]),
    rung("Tokenization"),
    rung(
      "Methods",
      on: [
        "LanguageModels", "LoQT", "Adapters", "QuantizedLayers", "Stepping", "Optimizers", "Layers",
        "Autodiff", "Quantization", "Tensors", "TensorFiles",
      ]),
    rung(
      "Training",
      on: [
        "Methods", "LanguageModels", "LoQT", "Adapters", "QuantizedLayers", "Stepping",
        "Optimizers",
        "Layers", "Autodiff", "Quantization", "Tensors", "TensorFiles", "Tokenization",
      ]),
    // 9: what is made of a run.
    rung(
      "Reports", on: ["Training", "LanguageModels", "Stepping", "Plots", "TensorFiles"]),
    rung(
      "Experiments",
      on: [
        "Reports", "Training", "Methods", "LanguageModels", "LoQT", "Adapters", "Stepping",
        "Optimizers", "Layers",
        "Autodiff", "Quantization", "Tensors", "Plots", "TensorFiles", "Tokenization",
      ]),
    // 10: the commands.
    rung("Terminal", on: ["Training", "Tensors"]),
    rung(
      "LoQTStudies",
      on: ["Experiments", "Reports", "Terminal", "Training", "TensorFiles", argumentParser]),
    .executableTarget(
      name: "LoQTCommand",
      dependencies: [
        "LoQTStudies", "Reports", "Terminal", "Training", "LanguageModels", "LoQT", "Stepping",
        "Optimizers", "Autodiff", "Quantization", "Tensors", "TensorFiles", "Tokenization",
        argumentParser,
      ],
      swiftSettings: settings),
    // Tests mirror Sources.
    .target(
      name: "TestSupport", dependencies: ["Tensors", "TensorFiles"], path: "Tests/TestSupport",
      swiftSettings: settings),
    tests(of: "Tensors", with: ["CKernels"]),
    tests(of: "Quantization", with: ["TensorFiles", "Tensors", "CKernels"]),
    tests(of: "Autodiff", with: ["Tensors", "TensorFiles"]),
    tests(of: "Layers", with: ["Autodiff", "Tensors"]),
    tests(of: "Optimizers", with: ["Autodiff", "Quantization", "Tensors"]),
    tests(of: "QuantizedLayers", with: ["Layers", "Autodiff", "Quantization", "Tensors"]),
    tests(
      of: "LoQT",
      with: [
        "Adapters", "QuantizedLayers", "Stepping", "Optimizers", "Layers", "Autodiff",
        "Quantization", "Tensors", "TensorFiles",
      ]),
    tests(
      of: "LanguageModels", with: ["Optimizers", "Layers", "Autodiff", "Tensors", "TensorFiles"]),
    tests(of: "TensorFiles", with: ["Quantization", "Tensors"]),
    tests(of: "Tokenization", excluding: ["Fixtures"]),
    tests(
      of: "Training",
      with: [
        "LanguageModels", "LoQT", "Adapters", "QuantizedLayers", "Stepping", "Optimizers", "Layers",
        "Autodiff", "Quantization", "Tensors", "TensorFiles", "Tokenization",
      ]),
    tests(of: "Reports", with: ["Training", "LanguageModels"]),
    tests(
      of: "Experiments",
      with: [
        "Training", "LanguageModels", "LoQT", "Optimizers", "Layers", "Autodiff", "Tensors",
        "Plots",
        "TensorFiles",
      ]),
  ],
  swiftLanguageModes: [.v6]
)

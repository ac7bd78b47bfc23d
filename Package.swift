// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
]

/// A rung of the ladder: a library target that is also a product.
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
  "JSON", "Tensors", "Quantization", "Autodiff", "Layers", "Optimizers", "Stepping",
  "QuantizedLayers",
  "Adapters", "LoQT", "ModelFiles", "LoQTKit", "LanguageModels", "TensorFiles", "Tokenization",
  "Methods",
  "Training",
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
    // 0: the system's OpenBLAS and LAPACKE, and this package's C kernels.
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev", "liblapacke-dev"]), .brew(["openblas"])]),
    .target(name: "CKernels"),
    // Outside the ladder.
    rung("JSON"),
    rung("Formatting"),
    rung("Plots", on: ["Formatting"]),
    // 1-2: numbers.
    rung("Tensors", on: ["COpenBLAS", "CKernels"]),
    rung("Quantization", on: ["Tensors", "CKernels", "Formatting"]),
    // 3-4: gradients.
    rung("Autodiff", on: ["Tensors"]),
    rung("Layers", on: ["Autodiff", "Tensors", "Formatting"]),
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
    rung(
      "ModelFiles",
      on: ["QuantizedLayers", "Layers", "Autodiff", "Quantization", "Tensors", "TensorFiles"]),
    // All of the above in one import, to build models.
    rung(
      "LoQTKit",
      on: [
        "ModelFiles", "LoQT", "Adapters", "QuantizedLayers", "Stepping", "Optimizers", "Layers",
        "Autodiff",
        "Quantization", "Tensors",
      ]),
    // 6-8: the job.
    rung(
      "LanguageModels",
      on: ["Layers", "Autodiff", "Quantization", "Tensors", "JSON", "TensorFiles", "Tokenization"]),
    rung("TensorFiles", on: ["JSON", "Quantization", "Tensors", "CKernels"]),
    rung("Tokenization", on: ["JSON"]),
    rung(
      "Methods",
      on: [
        "LanguageModels", "LoQT", "Adapters", "QuantizedLayers", "Stepping", "Optimizers", "Layers",
        "Autodiff", "Quantization", "Tensors", "JSON", "TensorFiles",
      ]),
    rung(
      "Training",
      on: [
        "Methods", "ModelFiles", "LanguageModels", "LoQT", "QuantizedLayers", "Stepping",
        "Optimizers", "Layers",
        "Autodiff", "Quantization", "Tensors", "Formatting", "JSON", "TensorFiles", "Tokenization",
      ]),
    // 9: reports on runs.
    rung(
      "Reports",
      on: [
        "Training", "LanguageModels", "Stepping", "Layers", "Quantization", "Plots", "Formatting",
        "JSON", "TensorFiles",
      ]),
    rung(
      "Experiments",
      on: [
        "Reports", "Training", "LanguageModels", "LoQT", "Adapters", "Stepping", "Optimizers",
        "Layers", "Autodiff", "Quantization", "Tensors", "Plots", "Formatting", "JSON",
        "TensorFiles", "Tokenization",
      ]),
    // 10: the commands.
    rung("Terminal", on: ["Training", "Tensors", "Formatting"]),
    rung(
      "LoQTStudies",
      on: [
        "Experiments", "Reports", "Terminal", "Training", "Formatting", "JSON", "TensorFiles",
        argumentParser,
      ]),
    .executableTarget(
      name: "LoQTCommand",
      dependencies: [
        "LoQTStudies", "Reports", "Terminal", "Training", "Methods", "LanguageModels", "LoQT",
        "Stepping",
        "Optimizers", "Autodiff", "Quantization", "Tensors", "Formatting", "JSON", "TensorFiles",
        "Tokenization", argumentParser,
      ],
      swiftSettings: settings),
    // Tests mirror Sources.
    .target(
      name: "TestSupport", dependencies: ["Tensors", "JSON", "TensorFiles"],
      path: "Tests/TestSupport",
      swiftSettings: settings),
    tests(of: "JSON", with: ["Tensors"]),
    tests(of: "Formatting"),
    tests(of: "Tensors", with: ["CKernels"]),
    tests(of: "Quantization", with: ["JSON", "TensorFiles", "Tensors", "CKernels"]),
    tests(of: "Autodiff", with: ["Tensors", "JSON", "TensorFiles"]),
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
      of: "ModelFiles",
      with: [
        "LoQT", "Adapters", "QuantizedLayers", "Stepping", "Optimizers", "Layers", "Autodiff",
        "Quantization", "Tensors", "TensorFiles",
      ]),
    tests(
      of: "LanguageModels",
      with: ["Optimizers", "Layers", "Autodiff", "Tensors", "JSON", "TensorFiles", "Tokenization"]),
    tests(of: "TensorFiles", with: ["Quantization", "Tensors"]),
    tests(of: "Tokenization", with: ["JSON"], excluding: ["Fixtures"]),
    tests(
      of: "Training",
      with: [
        "LanguageModels", "LoQT", "Adapters", "QuantizedLayers", "Stepping", "Optimizers", "Layers",
        "Autodiff", "Quantization", "Tensors", "Formatting", "JSON", "TensorFiles", "Tokenization",
      ]),
    tests(
      of: "Reports",
      with: [
        "Training", "LanguageModels", "Stepping", "Quantization", "Tensors", "Formatting", "JSON",
      ]),
    tests(of: "Terminal", with: ["Training"]),
    tests(
      of: "Experiments",
      with: [
        "Training", "LanguageModels", "LoQT", "Optimizers", "Layers", "Autodiff", "Tensors",
        "Plots", "JSON", "TensorFiles",
      ]),
  ],
  swiftLanguageModes: [.v6]
)

// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "swift-loqt-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "swift-loqt", path: "..")],
  targets: [
    .systemLibrary(name: "CRivals", pkgConfig: "openblas"),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "CRivals",
        .product(name: "Tensors", package: "swift-loqt"),
        .product(name: "Quantization", package: "swift-loqt"),
        .product(name: "Autodiff", package: "swift-loqt"),
        .product(name: "Optimizers", package: "swift-loqt"),
        .product(name: "Layers", package: "swift-loqt"),
        .product(name: "LanguageModels", package: "swift-loqt"),
        .product(name: "Stepping", package: "swift-loqt"),
        .product(name: "LoQT", package: "swift-loqt"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)

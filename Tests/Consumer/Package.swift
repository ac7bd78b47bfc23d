// swift-tools-version: 6.2
import PackageDescription

// A package as a user of the libraries would write it.
let package = Package(
  name: "consumer",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "swift-loqt", path: "../..")],
  targets: [
    .testTarget(
      name: "ConsumerTests",
      dependencies: ["Tensors", "Autodiff", "Layers", "Optimizers", "LoQT", "TensorFiles"].map {
        .product(name: $0, package: "swift-loqt")
      }),
    // What takes the tensors needs nothing else.
    .testTarget(
      name: "TensorsConsumerTests",
      dependencies: [.product(name: "Tensors", package: "swift-loqt")]),
  ],
  swiftLanguageModes: [.v6]
)

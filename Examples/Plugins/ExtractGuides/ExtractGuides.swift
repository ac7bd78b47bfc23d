import Foundation
import PackagePlugin

/// Makes a source file of the code in the package's documentation before the tests are compiled.
@main struct ExtractGuides: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let root = context.package.directoryURL.deletingLastPathComponent()
    let articles = FileManager.default.enumerator(
      at: root.appending(path: "Docs.docc"), includingPropertiesForKeys: nil)
    let files =
      [root.appending(path: "README.md")]
      + (articles?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "md" }
      .sorted { $0.path < $1.path }
    let output = context.pluginWorkDirectoryURL.appending(path: "Guides.swift")
    return [
      .buildCommand(
        displayName: "Extracting the code of the documentation",
        executable: try context.tool(named: "GuideExtractor").url,
        arguments: [output.path] + files.map(\.path), inputFiles: files, outputFiles: [output])
    ]
  }
}

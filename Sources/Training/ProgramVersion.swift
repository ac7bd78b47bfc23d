/// The version of this program.
package enum ProgramVersion {
  /// As `loqt --version` prints it and checkpoints note it.
  package static let current = "0.1.0"
}

// A run is described by a method, its options and its memory settings, so every trainer needs them.
@_exported public import Methods

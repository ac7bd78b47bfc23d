// A run is described by a method, its options and its memory: whoever trains needs them.
@_exported public import Methods

"""The passes of the compiler, one file each, in the order of :data:`argosy_compiler.PASSES`."""

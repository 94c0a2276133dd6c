"""Rules of :mod:`argosy_compiler.lint`, one module for each thing that they are about."""

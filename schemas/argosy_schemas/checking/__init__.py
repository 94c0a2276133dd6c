"""Rules that a pipeline must keep beyond its structure, one module for each part of it."""

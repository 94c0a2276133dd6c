"""The compiled workflow, read into immutable values."""

"""The IR as immutable values, and what follows from the IR alone."""

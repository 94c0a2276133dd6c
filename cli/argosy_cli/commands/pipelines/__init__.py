"""Commands on a pipeline before it runs."""

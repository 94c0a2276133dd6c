"""The step of one task whose inputs are resolved: cache, downloads, arguments."""

"""Pod templates: one for each distinct pod shape."""

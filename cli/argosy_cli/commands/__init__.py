"""One module per command; each defines one ``command``."""

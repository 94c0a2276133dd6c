"""One module per command; each has one ``command``."""

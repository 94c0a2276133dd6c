"""Commands on what is installed here and on a cluster."""

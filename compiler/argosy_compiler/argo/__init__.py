"""Argo's names, limits and expressions, as the compiler writes them."""

"""Checks of an installation: what a cluster must have, and what makes runs better."""

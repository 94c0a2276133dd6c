"""Stores in directories."""

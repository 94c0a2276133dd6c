"""Stores in buckets: clients, their credentials and what their errors mean."""

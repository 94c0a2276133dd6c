"""Pipelines and their versions, from uploads, URLs and requests."""

"""Workflows that exceed Argo 4's limits on tasks and templates."""

"""Argo: each run a Workflow of one namespace of a cluster."""

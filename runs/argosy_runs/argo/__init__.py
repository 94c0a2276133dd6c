"""Runs of Argo: what ``status.nodes`` of a Workflow says of them."""

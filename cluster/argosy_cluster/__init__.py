"""Runs on a cluster: its objects by the Kubernetes API, and what Argosy does with them."""

"""The API of Kubernetes over HTTP: who asks, how, and what its refusals mean."""

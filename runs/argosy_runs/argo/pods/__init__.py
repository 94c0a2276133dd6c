"""Why the pod of a task does not run, or failed: from documents of the Kubernetes API."""

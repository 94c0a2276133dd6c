"""Cached Python environments for components: :class:`environments.Environments`."""

"""Object stores by URL, what runs leave in them, and the transfer of artifacts.

Start with :class:`argosy_store.stores.Stores`.
"""

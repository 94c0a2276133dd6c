"""Object stores by URL, the records of runs in them, and the transfer of artifacts.

Start with :class:`argosy_store.stores.Stores`.
"""

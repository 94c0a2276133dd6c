"""Packed IRs in a store, by their digest: ``ir/<sha256>``."""

from __future__ import annotations

import hashlib
import re

from argosy_schemas.errors import StoreError
from argosy_store.objects import ObjectStore


def put_ir(store: ObjectStore, data: bytes) -> str:
    """Write a packed IR unless it exists; return its SHA-256 in hexadecimal."""
    digest = hashlib.sha256(data).hexdigest()
    store.put_if_absent(f"ir/{digest}", data)
    return digest


def get_ir(store: ObjectStore, digest: str) -> bytes:
    """Return the packed IR of a digest.

    Raises:
        StoreError: The IR does not exist, or its content has another digest.
    """
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise StoreError(
            f"{store.url}: '{digest}' is not a digest of a pipeline; compile it again",
            retryable=False,
        )
    data = store.get(f"ir/{digest}")
    if data is None:
        raise StoreError(
            f"{store.url}: there is no pipeline ir/{digest}; put it there with "
            f"'argosy compile --store {store.url}'",
            retryable=False,
        )
    if hashlib.sha256(data).hexdigest() != digest:
        raise StoreError(
            f"{store.url}: ir/{digest} is damaged; delete it and compile the pipeline again",
            retryable=False,
        )
    return data

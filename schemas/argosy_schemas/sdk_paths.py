"""The paths at which the KFP SDK expects artifacts in the container (``ir-semantics`` 7.3)."""

from __future__ import annotations

from typing import Final

SDK_MOUNTS: Final = {"gs": "/gcs", "s3": "/s3", "minio": "/minio", "file": ""}
"""Scheme to the directory below which ``artifact.path`` points."""


def find_sdk_path(uri: str) -> str | None:
    """Return the SDK's path for ``uri``; ``None``: the SDK has none for this scheme."""
    if uri.startswith("/"):
        return uri
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme not in SDK_MOUNTS:
        return None
    return f"{SDK_MOUNTS[scheme]}/{rest.lstrip('/')}"

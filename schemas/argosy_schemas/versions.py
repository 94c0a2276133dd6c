"""Versions of installed distributions, without importing them."""

from __future__ import annotations

from importlib import metadata


def get_installed_version(distribution: str) -> str | None:
    """Return the version of ``distribution``, ``None`` when it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None

"""Digests of artifacts, made of blocks so that parts of a file can be transferred side by side.

The digest of a file is the SHA-256 of the SHA-256 digests of its blocks of 8 MiB, the last of which
may be shorter; an empty file has none. That of a directory is the SHA-256 of the sorted paths,
sizes and digests of its files, as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from argosy_schemas.values import JsonValue, to_json

BLOCK_BYTES: Final = 8 * 1024 * 1024
"""Part of the format of records: another size would give other digests."""


def digest_block(data: bytes | memoryview) -> bytes:
    """Return the digest of one block."""
    # Slow to import, and tasks without artifacts do not need it.
    from hashlib import sha256

    return sha256(data).digest()


def join_blocks(blocks: Iterable[bytes]) -> str:
    """Return the digest of a file from the digests of its blocks, in their order."""
    return digest_block(b"".join(blocks)).hex()


def digest_bytes(data: bytes) -> str:
    """Return the digest of a file that is in memory."""
    view = memoryview(data)
    starts = range(0, len(view), BLOCK_BYTES)
    return join_blocks(digest_block(view[start : start + BLOCK_BYTES]) for start in starts)


def digest_files(files: Iterable[tuple[str, int, str | None]]) -> str:
    """Return a digest of the files of a directory: of path, size, and digest or etag of each."""
    rows: list[JsonValue] = [list(row) for row in sorted(files, key=lambda row: row[0])]
    return digest_block(to_json(rows).encode()).hex()

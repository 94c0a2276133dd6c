"""Artifacts between local paths and stores: a file is one object, a directory many.

An artifact whose key is ``k`` is the object ``k``, or the objects below ``k/``; ``k2`` does not
belong to it. Modes, owners and empty directories are not kept. Big files travel in parts, several
at a time; memory stays bounded whatever the size.
"""

from __future__ import annotations

from pathlib import Path

from argosy_schemas.records import Content
from argosy_store.stores import Stores


def upload(stores: Stores, path: Path, uri: str, *, boundary: Path | None = None) -> Content:
    """Store the file or directory at ``path`` as ``uri`` and say what it was.

    Symbolic links are followed, those to directories too; a link back to one of its own parents is
    left out. An absent path stores nothing.

    Args:
        stores: Opens ``uri``.
        path: What to upload.
        uri: Where to.
        boundary: A directory that no link may lead out of. Give it where the links were made by
            someone who must not read what this process can.

    Raises:
        FinalTaskError: There is something that no store can hold, e.g. a pipe, or a broken link.
        StoreError: The store refused or could not be reached, or a file could not be read.
    """
    raise NotImplementedError


def download(stores: Stores, uri: str, path: Path) -> Content:
    """Copy what is stored as ``uri`` to ``path`` and say what it was.

    Nothing stored: nothing is written, not even a directory; an empty directory that was uploaded
    looks the same. Parents of ``path`` are made.

    Raises:
        FinalTaskError: A file and a directory are stored under the same name.
        StoreError: The store refused or could not be reached, or a file could not be written.
    """
    raise NotImplementedError


def content_of(stores: Stores, uri: str) -> Content:
    """Say what is stored as ``uri``, without reading it.

    Raises:
        StoreError: The store refused or could not be reached.
    """
    raise NotImplementedError


def is_still_there(stores: Stores, uri: str, content: Content) -> bool:
    """Return whether ``uri`` holds what :func:`upload` once said it stored there.

    Raises:
        StoreError: The store refused or could not be reached.
    """
    raise NotImplementedError

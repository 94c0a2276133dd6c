"""Paths at which a pipeline mounts its volumes into the main container."""

from __future__ import annotations

import posixpath
from typing import Final

from argosy_schemas.ir.kubernetes.reader import Reader
from argosy_schemas.message_text import quote_text
from argosy_schemas.pod import OWN_PATH

_RESERVED: Final = {
    OWN_PATH: "Argosy's",
    "/var/run/argo": "Argo's",
    "/run/argo": "Argo's",
    "/proc": "the kernel's",
    "/dev": "the kernel's",
    "/sys": "the kernel's",
}
"""Directories of others, and whose they are: a volume there would hide their files or be them."""
_SHARED_MEMORY: Final = "/dev/shm"
"""A volume in memory may be mounted there."""


def read_mount_path(reader: Reader) -> str:
    """Return the member ``mountPath`` as an absolute path, which is how Kubernetes takes it."""
    text = reader.read_text("mountPath")
    if not text:
        return text
    path = posixpath.join("/", text)
    if ".." in path.split("/"):
        message = f"{quote_text(text)} has '..'; write the path that is meant"
        reader.member("mountPath").add_finding(message)
        return path
    path = "/" + posixpath.normpath(path).strip("/")
    taken = next((each for each in _RESERVED if _overlaps(path, each)), None)
    if taken is not None and path != _SHARED_MEMORY:
        message = f"{quote_text(text)} lies over '{taken}', which is {_RESERVED[taken]}"
        reader.member("mountPath").add_finding(f"{message}; mount the volume elsewhere")
    return path


def _overlaps(one: str, other: str) -> bool:
    """Return whether one path is the other, or lies below it."""
    first, second = f"{one.rstrip('/')}/", f"{other}/"
    return first.startswith(second) or second.startswith(first)

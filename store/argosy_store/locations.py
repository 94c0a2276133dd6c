"""URLs of stores and artifacts, read.

``scheme://bucket/key`` for ``s3``, ``minio``, ``gs``, ``az`` and ``memory``; ``file:///path`` and
plain paths for local files. The text is never percent-decoded, so that a URI is always the URI of
its directory, a slash and a name. A query string counts only if all its names are options that the
scheme knows (see :data:`OPTIONS`); otherwise it is part of the key, but not in a root, which people
write: there it is a mistake.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from argosy_schemas.errors import StoreError
from argosy_schemas.names import ArtifactUri

OPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "s3": {
        "endpoint": "endpoint",
        "region": "region",
        "disablessl": "disable_ssl",
        "disablehttps": "disable_ssl",
        "s3forcepathstyle": "path_style",
        "usepathstyle": "path_style",
        "profile": "profile",
        "anonymous": "anonymous",
    },
    "gs": {"endpoint": "endpoint", "anonymous": "anonymous"},
    "az": {"account": "account", "endpoint": "endpoint", "anonymous": "anonymous"},
}
"""Scheme to the options of its URLs: the spelling in lower case without ``_``, and our name."""

_SPELT: Final[Mapping[str, str]] = {"disable_ssl": "disableSSL", "path_style": "s3ForcePathStyle"}
"""Our name to the spelling that KFP's documents use, where they differ."""

_SCHEMES = ("file", "s3", "minio", "gs", "az", "memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A URL taken apart."""

    scheme: str
    """``file``, ``s3``, ``minio``, ``gs``, ``az`` or ``memory``."""
    bucket: str
    """Empty for local files; the name of the store in memory."""
    key: str
    """Without slashes at its ends; for local files the absolute path without its first slash."""
    options: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def url(self) -> str:
        """The URL without options, a plain path for local files; for messages."""
        if self.scheme == "file":
            return f"/{self.key}"
        return f"{self.scheme}://{self.bucket}" + (f"/{self.key}" if self.key else "")


def read_location(url: str | os.PathLike[str]) -> Location:
    """Take a URL or plain path apart.

    Raises:
        StoreError: The scheme is not supported or the URL is malformed.
    """
    text = os.fspath(url)
    scheme, separator, rest = text.partition("://")
    if not separator or "/" in scheme:
        return _local(os.path.abspath(text))
    if scheme not in _SCHEMES:
        raise StoreError(
            f"{text}: the scheme '{scheme}' cannot be stored to; use a local path, file://, "
            f"s3://, minio://, gs:// or az://",
            retryable=False,
        )
    if scheme == "file":
        host, slash, path = rest.partition("/")
        if host not in ("", "localhost") or not slash:
            raise StoreError(
                f"{text}: name an absolute path, with three slashes: file:///data", retryable=False
            )
        return _local("/" + path)
    rest, options = _without_options(scheme, rest)
    bucket, _, key = rest.partition("/")
    if not bucket:
        raise StoreError(f"{text}: name a bucket after {scheme}://", retryable=False)
    return Location(scheme=scheme, bucket=bucket, key=key.strip("/"), options=options)


def read_root(url: str | os.PathLike[str]) -> Location:
    """Take the URL of a root apart, which may have options and nothing that looks like them.

    Raises:
        StoreError: As for :func:`read_location`, and for an option that the scheme does not have.
    """
    location = read_location(url)
    known = _options_of(location.scheme)
    place, mark, query = os.fspath(url).rpartition("?")
    if not known or location.options or not mark or "=" not in query or "/" in query.split("=")[0]:
        return location
    for pair in query.split("&"):
        name, equals, _ = pair.partition("=")
        if _option(known, name) is None:
            names = [_SPELT.get(option, option) for option in dict.fromkeys(known.values())]
            raise StoreError(
                f"{place}: '{name}' is no option of {location.scheme}:// URLs; use "
                f"{', '.join(names[:-1])} or {names[-1]}",
                retryable=False,
            )
        if not equals:
            raise StoreError(
                f"{place}: the option '{name}' has no value; write {name}=VALUE", retryable=False
            )
    return location


def uri_below(root: str | os.PathLike[str], *segments: str) -> ArtifactUri:
    """Return the URI of something below ``root``: its options dropped, a plain path as file://."""
    location = read_location(root)
    parts = [part for part in (location.key, *segments) if part]
    return ArtifactUri(f"{location.scheme}://{location.bucket}/{'/'.join(parts)}")


def local_path(uri: str) -> Path | None:
    """Return where the object lies on this machine, or ``None`` if it is not a local file."""
    location = read_location(uri)
    return Path(location.url) if location.scheme == "file" else None


def _local(path: str) -> Location:
    return Location(scheme="file", bucket="", key=path.strip("/"))


def _options_of(scheme: str) -> Mapping[str, str]:
    return OPTIONS.get("s3" if scheme == "minio" else scheme, {})


def _without_options(scheme: str, rest: str) -> tuple[str, Mapping[str, str]]:
    known = _options_of(scheme)
    before, mark, query = rest.rpartition("?")
    if not mark or not query:
        return rest, {}
    options: dict[str, str] = {}
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        option = _option(known, name)
        if option is None or not equals:
            return rest, {}
        options[option] = _percent_decoded(value)
    return before, options


def _option(known: Mapping[str, str], name: str) -> str | None:
    return known.get(name.lower().replace("_", ""))


def _percent_decoded(value: str) -> str:
    if "%" not in value:
        return value
    from urllib.parse import unquote

    return unquote(value)

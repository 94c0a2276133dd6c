"""Parse the URLs of stores and artifacts.

``scheme://bucket/key`` for ``s3``, ``minio``, ``gs``, ``az`` and ``memory``; ``file:///path`` and
plain paths for local files. The text is never percent-decoded, so that the URI of a file is the URI
of its directory, a slash and a name. A query string holds options if the scheme knows all of their
names (see :data:`OPTIONS`); otherwise it is part of the key. In a root, which people write, unknown
options are an error.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
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
"""Scheme to its options: the name in lower case without ``_``, to our name."""

_KFP_NAMES: Final[Mapping[str, str]] = {
    "disable_ssl": "disableSSL",
    "path_style": "s3ForcePathStyle",
}
"""Our name of an option to the name in KFP's documentation, where they differ."""

_SCHEMES = ("file", "s3", "minio", "gs", "az", "memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """The parts of a URL."""

    scheme: str
    """``file``, ``s3``, ``minio``, ``gs``, ``az`` or ``memory``."""
    bucket: str
    """Empty for local files; the name of the store in memory."""
    key: str
    """Without leading and trailing slashes; for local files the absolute path without its slash."""
    options: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def url(self) -> str:
        """The URL for messages: without options, and a plain path for local files."""
        if self.scheme == "file":
            return f"/{self.key}"
        return f"{self.scheme}://{self.bucket}" + (f"/{self.key}" if self.key else "")


def parse_location(url: str | os.PathLike[str]) -> Location:
    """Parse a URL or plain path.

    Raises:
        StoreError: The scheme is not supported or the URL is malformed.
    """
    text = os.fspath(url)
    scheme, separator, rest = text.partition("://")
    if not separator or "/" in scheme:
        return _local_location(os.path.abspath(text))
    if scheme not in _SCHEMES:
        raise StoreError(
            f"{text}: there is no store for the scheme '{scheme}'; use a local path, file://, "
            f"s3://, minio://, gs:// or az://",
            retryable=False,
        )
    if scheme == "file":
        host, slash, path = rest.partition("/")
        if host not in ("", "localhost") or not slash:
            raise StoreError(
                f"{text}: write an absolute path, with three slashes: file:///data", retryable=False
            )
        return _local_location("/" + path)
    rest, options = _split_options(scheme, rest)
    bucket, _, key = rest.partition("/")
    if not bucket:
        raise StoreError(f"{text}: write a bucket after {scheme}://", retryable=False)
    return Location(scheme=scheme, bucket=bucket, key=key.strip("/"), options=options)


def parse_root(url: str | os.PathLike[str]) -> Location:
    """Parse the URL of a root, in which a query string can only hold options.

    Raises:
        StoreError: As for :func:`parse_location`, or the scheme does not know an option.
    """
    location = parse_location(url)
    known = _scheme_options(location.scheme)
    base, mark, query = os.fspath(url).rpartition("?")
    if not known or location.options or not mark or "=" not in query or "/" in query.split("=")[0]:
        return location
    for pair in query.split("&"):
        name, equals, _ = pair.partition("=")
        if _find_option(known, name) is None:
            names = [_KFP_NAMES.get(option, option) for option in dict.fromkeys(known.values())]
            raise StoreError(
                f"{base}: '{name}' is not an option of {location.scheme}:// URLs; use "
                f"{', '.join(names[:-1])} or {names[-1]}",
                retryable=False,
            )
        if not equals:
            raise StoreError(
                f"{base}: the option '{name}' has no value; write {name}=VALUE", retryable=False
            )
    return location


def join_uri(root: str | os.PathLike[str], *segments: str) -> ArtifactUri:
    """Return the URI of an object below ``root``, without options; plain paths become file://."""
    location = parse_location(root)
    parts = [part for part in (location.key, *segments) if part]
    return ArtifactUri(f"{location.scheme}://{location.bucket}/{'/'.join(parts)}")


def _local_location(path: str) -> Location:
    return Location(scheme="file", bucket="", key=path.strip("/"))


def _scheme_options(scheme: str) -> Mapping[str, str]:
    return OPTIONS.get("s3" if scheme == "minio" else scheme, {})


def _split_options(scheme: str, rest: str) -> tuple[str, Mapping[str, str]]:
    known = _scheme_options(scheme)
    before, mark, query = rest.rpartition("?")
    if not mark or not query:
        return rest, {}
    options: dict[str, str] = {}
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        option = _find_option(known, name)
        if option is None or not equals:
            return rest, {}
        options[option] = _decode_percent(value)
    return before, options


def _find_option(known: Mapping[str, str], name: str) -> str | None:
    return known.get(name.lower().replace("_", ""))


def _decode_percent(value: str) -> str:
    if "%" not in value:
        return value
    from urllib.parse import unquote

    return unquote(value)

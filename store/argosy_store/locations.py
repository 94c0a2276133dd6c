"""Parse the URLs of stores, roots and artifacts.

``scheme://bucket/key`` for ``s3``, ``minio``, ``gs``, ``az`` and ``memory``; ``file:///path`` and
plain paths for local files. The text is never percent-decoded, so that the URI of a file is the URI
of its directory, a slash and a name.

Only the URL of a root or store carries options, in a query string (see :data:`OPTIONS`): who runs
Argosy writes it. Artifact URIs come from pipelines and components, and an option there, such as an
endpoint, would send the requests of this process, credentials included, wherever they say. In an
artifact URI a query string is part of the key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
        "checksum": "checksum",
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
_LOCAL_SCHEMES = ("file", "memory")
# The name becomes part of a host or path, so it must not hold what ends one.
_BUCKET = re.compile(r"[A-Za-z0-9$_][A-Za-z0-9._$-]*")


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

    def contains(self, other: Location) -> bool:
        """Return whether ``other`` is this place, or a place below it."""
        return (self.scheme, self.bucket) == (other.scheme, other.bucket) and (
            not self.key or f"{other.key}/".startswith(f"{self.key}/")
        )

    @property
    def url(self) -> str:
        """The URL for messages: without options, and a plain path for local files."""
        if self.scheme == "file":
            return f"/{self.key}"
        return f"{self.scheme}://{self.bucket}" + (f"/{self.key}" if self.key else "")


def parse_location(uri: str | os.PathLike[str]) -> Location:
    """Parse the URI of an artifact, or a plain path; it has no options.

    Raises:
        StoreError: The scheme is not supported or the URI is malformed.
    """
    text = os.fspath(uri)
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
    bucket, _, key = rest.partition("/")
    if not bucket:
        raise StoreError(f"{text}: write a bucket after {scheme}://", retryable=False)
    if _BUCKET.fullmatch(bucket) is None:
        hint = "; only --store and --root take options" if "?" in bucket else ""
        raise StoreError(
            f"{text}: '{bucket}' cannot be the name of a bucket{hint}; correct the URI",
            retryable=False,
        )
    return Location(scheme=scheme, bucket=bucket, key=key.strip("/"))


def parse_root(url: str | os.PathLike[str]) -> Location:
    """Parse the URL of a root or store, in which a query string can only hold options.

    Raises:
        StoreError: As for :func:`parse_location`, or the scheme does not know an option.
    """
    text = os.fspath(url)
    scheme = text.partition("://")[0]
    known = _scheme_options(scheme)
    base, mark, query = text.rpartition("?")
    if not known or not mark or "=" not in query or "/" in query.split("=")[0]:
        return parse_location(text)
    return replace(parse_location(base), options=_parse_options(scheme, base, query))


def parse_pipeline_root(url: str | os.PathLike[str]) -> Location:
    """Parse the root that a pipeline names; unlike the caller's ``--root`` it takes no options.

    Raises:
        StoreError: As for :func:`parse_root`, or it has options.
    """
    location = parse_root(url)
    if location.options:
        raise StoreError(
            f"{url}: the root that a pipeline names has options, which only --root takes; "
            "run or compile with --root and this URL",
            retryable=False,
        )
    return location


def is_local(uri: str) -> bool:
    """Return whether a URI means files or memory of the process that opens it."""
    scheme, separator, _ = uri.partition("://")
    return not separator or "/" in scheme or scheme in _LOCAL_SCHEMES


def join_uri(root: str | os.PathLike[str], *segments: str) -> ArtifactUri:
    """Return the URI of an object below ``root``, without options; plain paths become file://."""
    location = parse_root(root)
    parts = [part for part in (location.key, *segments) if part]
    return ArtifactUri(f"{location.scheme}://{location.bucket}/{'/'.join(parts)}")


def extend_root(root: str | os.PathLike[str], *segments: str) -> str:
    """Return the URL of a root below ``root``, with the options of that."""
    text = os.fspath(root)
    uri = join_uri(text, *segments)
    return f"{uri}?{text.rpartition('?')[2]}" if parse_root(text).options else uri


def _local_location(path: str) -> Location:
    return Location(scheme="file", bucket="", key=path.strip("/"))


def _scheme_options(scheme: str) -> Mapping[str, str]:
    return OPTIONS.get("s3" if scheme == "minio" else scheme, {})


def _parse_options(scheme: str, base: str, query: str) -> Mapping[str, str]:
    known = _scheme_options(scheme)
    options: dict[str, str] = {}
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        option = _find_option(known, name)
        if option is None:
            names = [_KFP_NAMES.get(each, each) for each in dict.fromkeys(known.values())]
            raise StoreError(
                f"{base}: '{name}' is not an option of {scheme}:// URLs; use "
                f"{', '.join(names[:-1])} or {names[-1]}",
                retryable=False,
            )
        if not equals:
            raise StoreError(
                f"{base}: the option '{name}' has no value; write {name}=VALUE", retryable=False
            )
        options[option] = _decode_percent(value)
    return options


def _find_option(known: Mapping[str, str], name: str) -> str | None:
    return known.get(name.lower().replace("_", ""))


def _decode_percent(value: str) -> str:
    if "%" not in value:
        return value
    from urllib.parse import unquote

    return unquote(value)

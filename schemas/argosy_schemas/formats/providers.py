"""Providers: which options and credentials belong to which buckets, as an operator says it.

The compiler writes them into pod templates, without secrets. A pod gets each secret key as a
variable, whose name follows from its place in the providers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from argosy_schemas.formats.dataclass_json import from_members, to_members
from argosy_schemas.pod import ENV_CREDENTIAL, decode_object, encode_object


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKey:
    """A key of a secret in the namespace of the pods."""

    secret: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The options and credentials of one bucket, or of the buckets of roots."""

    scheme: str
    bucket: str = ""
    """Empty: the default of the scheme, for the buckets of the store and of the pipeline root."""
    prefix: str = ""
    """Only keys at or below it."""
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    """As in the URL of a root, by our names, see :data:`argosy_store.locations.OPTIONS`."""
    credentials: Mapping[str, SecretKey] = field(default_factory=dict[str, SecretKey])
    """By the client's names, e.g. ``access_key_id``; empty: those of the environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    providers: tuple[Provider, ...]


def name_secret_keys(providers: Sequence[Provider]) -> dict[SecretKey, str]:
    """Return the secret keys, each with the variable that holds its value in a pod."""
    keys = dict.fromkeys(key for each in providers for key in each.credentials.values())
    return {key: f"{ENV_CREDENTIAL}{index}" for index, key in enumerate(keys)}


def encode_providers(providers: Sequence[Provider]) -> str:
    """Return the text of :data:`argosy_schemas.pod.ENV_PROVIDERS`."""
    return encode_object(to_members(_Document(providers=tuple(providers))))


def decode_providers(text: str) -> tuple[Provider, ...]:
    """Return what :func:`encode_providers` was given; empty text: none.

    Raises:
        ValueError: The text is something else; the message is the end of a sentence about it.
    """
    return from_members(_Document, decode_object(text)).providers if text else ()

"""Certificates of authorities that a cluster trusts, in a ConfigMap or Secret of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from argosy_compiler.argo.cluster_names import SUBDOMAIN_ADVICE, is_subdomain
from argosy_schemas.errors import InvalidArgumentError

_KINDS: Final = ("configmap", "secret")
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaBundle:
    """PEM text in the namespace of the pods."""

    kind: str
    """``configmap`` or ``secret``."""
    name: str
    key: str = "ca.crt"


def parse_ca_bundle(text: str) -> CaBundle:
    """Return the bundle that ``KIND/NAME[/KEY]`` names.

    Raises:
        InvalidArgumentError: The text is something else.
    """
    kind, *rest = text.split("/")
    if kind not in _KINDS or len(rest) not in (1, 2):
        raise InvalidArgumentError(
            f"--ca-bundle {text!r} names no bundle; write configmap/NAME, secret/NAME, or one of "
            "them with /KEY"
        )
    bundle = CaBundle(kind=kind, name=rest[0])
    if len(rest) == 2:
        bundle = replace(bundle, key=rest[1])
    if not is_subdomain(bundle.name):
        raise InvalidArgumentError(
            f"--ca-bundle {text!r} is not a valid Kubernetes name; {SUBDOMAIN_ADVICE}"
        )
    if _KEY.fullmatch(bundle.key) is None or bundle.key in (".", ".."):
        raise InvalidArgumentError(
            f"--ca-bundle {text!r} has an invalid key; use letters, digits, '-', '_' and '.'"
        )
    return bundle

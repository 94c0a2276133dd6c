"""ConfigMaps and Secrets of the pods' namespace that options name as ``KIND/NAME[/KEY]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from argosy_compiler.argo.cluster_names import KEY_ADVICE, SUBDOMAIN_ADVICE, is_key, is_subdomain
from argosy_schemas.errors import InvalidArgumentError

CONFIG_MAP: Final = "configmap"
SECRET: Final = "secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigObject:
    """A ConfigMap or a Secret, or one key of it."""

    kind: str
    """:data:`CONFIG_MAP` or :data:`SECRET`."""
    name: str
    key: str = ""


def parse_config_object(text: str, *, option: str, default_key: str = "") -> ConfigObject:
    """Return the object that ``text`` names.

    Args:
        text: ``KIND/NAME``, or with a default key also ``KIND/NAME/KEY``.
        option: Names the option in messages.
        default_key: The key of an object that is named without one.

    Raises:
        InvalidArgumentError: The text is something else.
    """
    kind, *rest = text.split("/")
    if kind not in (CONFIG_MAP, SECRET) or not 1 <= len(rest) <= (2 if default_key else 1):
        also = ", or one of them with /KEY" if default_key else ""
        raise InvalidArgumentError(
            f"{option} {text!r} names no object; write configmap/NAME or secret/NAME{also}"
        )
    name, key = rest[0], rest[1] if len(rest) == 2 else default_key
    if not is_subdomain(name):
        raise InvalidArgumentError(
            f"{option} {text!r} is not a valid Kubernetes name; {SUBDOMAIN_ADVICE}"
        )
    if default_key and not is_key(key):
        raise InvalidArgumentError(f"{option} {text!r} has an invalid key; {KEY_ADVICE}")
    return ConfigObject(kind=kind, name=name, key=key)

"""What stands in, on a laptop, for objects that a pipeline takes from its cluster.

A volume claim is a directory: one that the caller gives, or one of the run, which ``CreatePVC``
makes and ``DeletePVC`` removes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.values import JsonValue

_NAME: Final = re.compile("[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def is_object_name(text: str) -> bool:
    """Return whether Kubernetes takes a text as the name of an object."""
    return _NAME.fullmatch(text) is not None


class ObjectKind(StrEnum):
    """A kind of object that tasks name."""

    CLAIM = "claim"

    @property
    def option(self) -> str:
        """The option of ``argosy run`` that gives a directory in place of such an object."""
        return f"--{self.value.replace(' ', '-')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIns:
    """What the caller gives in place of objects of a cluster."""

    claims: Mapping[str, str] = field(default_factory=dict[str, str])
    """Name to the absolute path of a directory."""

    def __or__(self, later: StandIns) -> StandIns:
        """Return all that both give; ``later`` takes precedence."""
        return StandIns(claims={**self.claims, **later.claims})

    def to_json(self) -> dict[str, JsonValue]:
        """Return the fields, which make the same value again."""
        return {"claims": dict(self.claims)}


def make_stand_ins(*, claims: Mapping[str, str | os.PathLike[str]]) -> StandIns:
    """Return stand-ins, with absolute paths.

    Raises:
        InvalidArgumentError: A name is none that an object can have, or there is no such directory.
    """
    return StandIns(claims=_check_directories(ObjectKind.CLAIM, claims))


def _check_directories(
    kind: ObjectKind, given: Mapping[str, str | os.PathLike[str]]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, path in given.items():
        directory = os.path.abspath(os.path.expanduser(path))
        if not is_object_name(name):
            raise InvalidArgumentError(
                f"{kind.option}: '{name}' is no name of a {kind}; use lower case letters, digits, "
                "'-' and '.'"
            )
        if not os.path.isdir(directory):
            raise InvalidArgumentError(
                f"{kind.option} {name}: '{directory}' is no directory; make it, or give another"
            )
        found[name] = directory
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalObjects:
    """The objects of a cluster, as the tasks of one run on a laptop have them."""

    given: StandIns
    claims: str
    """The directory of the claims that the run makes itself."""
    home: str
    """The home, which holds the paths that the run itself gives to tasks."""

    def locate_claim(self, name: str) -> str:
        """Return the directory that a claim has, whether or not it is there."""
        return self.given.claims.get(name) or os.path.join(self.claims, name)

    def find(self, kind: ObjectKind, name: str) -> str | None:
        """Return the directory of an object; ``None``: there is none on this machine."""
        if not is_object_name(name):
            return None
        match kind:
            case ObjectKind.CLAIM:
                directory = self.locate_claim(name)
        return directory if os.path.isdir(directory) else None

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
from typing import Final, TypeAlias

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.values import JsonValue

Directories: TypeAlias = "Mapping[str, str | os.PathLike[str]]"
"""Name of an object to a directory."""

_NAME: Final = re.compile("[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def is_object_name(text: str) -> bool:
    """Return whether Kubernetes takes a text as the name of an object."""
    return _NAME.fullmatch(text) is not None


class ObjectKind(StrEnum):
    """A kind of what tasks take from a cluster by name."""

    CLAIM = "claim"
    SECRET = "secret"
    CONFIG_MAP = "config map"
    VARIABLE = "variable"
    """Of the environment, with a field of the pod as its value."""

    def format_option(self, name: str) -> str:
        """Return the option of ``argosy run`` that gives something in place of an object."""
        if self is ObjectKind.VARIABLE:
            return "--env-file FILE"
        return f"--{self.value.replace(' ', '-')} {name}=DIR"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIns:
    """What the caller gives in place of objects of a cluster; all paths are absolute."""

    claims: Mapping[str, str] = field(default_factory=dict[str, str])
    """Name to directory."""
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    """Name to a directory with a file for each key."""
    config_maps: Mapping[str, str] = field(default_factory=dict[str, str])
    """As ``secrets``."""
    env_file: str | None = None
    """Lines ``NAME=value``: variables that tasks take from Secrets, ConfigMaps and fields."""

    def __or__(self, later: StandIns) -> StandIns:
        """Return all that both give; ``later`` takes precedence."""
        return StandIns(
            claims={**self.claims, **later.claims},
            secrets={**self.secrets, **later.secrets},
            config_maps={**self.config_maps, **later.config_maps},
            env_file=later.env_file or self.env_file,
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the fields, which make the same value again."""
        return {
            "claims": dict(self.claims),
            "secrets": dict(self.secrets),
            "config_maps": dict(self.config_maps),
            "env_file": self.env_file,
        }


def make_stand_ins(
    *,
    claims: Directories | None = None,
    secrets: Directories | None = None,
    config_maps: Directories | None = None,
    env_file: str | os.PathLike[str] | None = None,
) -> StandIns:
    """Return stand-ins, with absolute paths.

    Raises:
        InvalidArgumentError: A name is none that an object can have, there is no such directory, or
            the file cannot be read.
    """
    path = None if env_file is None else os.path.abspath(os.path.expanduser(env_file))
    if path is not None:
        read_env_file(path)
    return StandIns(
        claims=_check_directories("--claim", claims or {}),
        secrets=_check_directories("--secret", secrets or {}),
        config_maps=_check_directories("--config-map", config_maps or {}),
        env_file=path,
    )


def read_env_file(path: str) -> dict[str, str]:
    """Return the variables of an environment file; a value is all that follows the first ``=``.

    Blank lines, and those that begin with ``#``, count for nothing.

    Raises:
        InvalidArgumentError: The file cannot be read, or a line is not an assignment.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InvalidArgumentError(f"--env-file '{path}' cannot be read: {reason}") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator or not name.strip() or "\0" in line:
            raise InvalidArgumentError(
                f"--env-file '{path}', line {number}: write it as NAME=VALUE"
            )
        found[name.strip()] = value
    return found


def _check_directories(option: str, given: Directories) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, path in given.items():
        directory = os.path.abspath(os.path.expanduser(path))
        if not is_object_name(name):
            raise InvalidArgumentError(
                f"{option}: '{name}' cannot name an object of Kubernetes; use lower case letters,"
                " digits, '-' and '.'"
            )
        if not os.path.isdir(directory):
            raise InvalidArgumentError(
                f"{option} {name}: '{directory}' is not a directory; make it, or give another"
            )
        found[name] = directory
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalObjects:
    """The objects of a cluster, as the tasks of one run on a laptop have them."""

    given: StandIns
    variables: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Of the environment file."""
    claims: str
    """The directory of the claims that the run makes itself."""
    home: str
    """The home, which holds the paths that the run itself gives to tasks."""

    def locate_claim(self, name: str) -> str:
        """Return the directory that a claim has, whether or not it is there."""
        return self.given.claims.get(name) or os.path.join(self.claims, name)

    def is_claim_of_run(self, name: str) -> bool:
        """Return whether a claim is one of the run, which may have deleted it again."""
        return name not in self.given.claims

    def find(self, kind: ObjectKind, name: str) -> str | None:
        """Return what stands in for an object; ``None``: nothing on this machine does."""
        match kind:
            case ObjectKind.CLAIM:
                directory = self.locate_claim(name)
                return directory if is_object_name(name) and os.path.isdir(directory) else None
            case ObjectKind.SECRET:
                return self.given.secrets.get(name)
            case ObjectKind.CONFIG_MAP:
                return self.given.config_maps.get(name)
            case ObjectKind.VARIABLE:
                return self.variables.get(name)

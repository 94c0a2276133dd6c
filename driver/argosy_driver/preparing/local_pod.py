"""What a task has on a laptop in place of volumes and variables that a cluster gives to its pod.

A Secret or ConfigMap is a directory with a file for each key, or its variables come from an
environment file. What is not on this machine is left out; a run says so before it starts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from argosy_driver.preparing.mounts import Mounts
from argosy_driver.preparing.task_config import applies_group, make_pod_values
from argosy_driver.resolving.resolver import Resolver
from argosy_driver.stand_ins import LocalObjects, ObjectKind
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.names import RunId
from argosy_schemas.pod import RUN_LABEL

if TYPE_CHECKING:
    from argosy_driver.preparing.pod_values import PodValues
    from argosy_schemas.ir.kubernetes.containers import ObjectAsEnv
    from argosy_schemas.ir.kubernetes.fields import KubernetesExecutorConfig
    from argosy_schemas.ir.kubernetes.leaves import Name

_VOLUMES: Final = "KUBERNETES_VOLUMES"
_ENV: Final = "ENV"
_RUN_FIELD: Final = f"metadata.labels['{RUN_LABEL}']"
"""The only field of a pod that has the same meaning on a laptop."""
_KINDS: Final = {"secret": ObjectKind.SECRET, "configMap": ObjectKind.CONFIG_MAP}


@dataclass(frozen=True, slots=True)
class LocalVolume:
    """A directory in place of a volume."""

    path: str
    """Where the pod mounts it."""
    directory: str
    is_writable: bool


@dataclass(frozen=True, slots=True)
class LocalPod:
    """What one task has."""

    volumes: tuple[LocalVolume, ...]
    mounts: Mounts
    """Of the same volumes."""
    variables: Mapping[str, str]
    origins: tuple[str, ...]
    """Where the contents of Secrets and ConfigMaps and the variables come from."""


def make_local_pod(resolver: Resolver, position: TaskPosition) -> LocalPod | None:
    """Return what a task has; ``None``: it takes nothing from a cluster.

    Raises:
        FinalTaskError: A name is missing or no name, a directory lacks a key or cannot stand in a
            text, or a value is not a text.
    """
    objects = resolver.run.objects
    values = None if objects is None else make_pod_values(resolver, position)
    if objects is None or values is None:
        return None
    found = _Finder(values, objects, resolver.run.id)
    if applies_group(position, _VOLUMES):
        found.add_volumes()
    if applies_group(position, _ENV):
        found.add_variables()
    directories = {volume.path: volume.directory for volume in found.volumes}
    # A component gets artifacts below the root as paths.
    mounts = Mounts(directories, (objects.home, resolver.run.root.removeprefix("file://")))
    mounts.check()
    return LocalPod(tuple(found.volumes), mounts, found.variables, tuple(sorted(found.origins)))


def list_needed_names(
    position: TaskPosition, config: KubernetesExecutorConfig, given: Mapping[str, str]
) -> Iterator[tuple[ObjectKind, Name]]:
    """Yield what a task cannot do without, but for variables that are given: kind and name."""
    if applies_group(position, _VOLUMES):
        for mount in config.pvc_mount:
            yield ObjectKind.CLAIM, mount.name
        for volume in (*config.secret_as_volume, *config.config_map_as_volume):
            if not volume.optional:
                yield _KINDS[volume.kind], volume.name
    if applies_group(position, _ENV):
        for entry in (*config.secret_as_env, *config.config_map_as_env):
            if not entry.optional and any(name not in given for _, name in entry.variables):
                yield _KINDS[entry.kind], entry.name
        for field in config.field_path_as_env:
            if field.field_path != _RUN_FIELD:
                yield ObjectKind.VARIABLE, field.variable


class _Finder:
    """Looks on this machine for what a configuration names."""

    def __init__(self, values: PodValues, objects: LocalObjects, run_id: RunId) -> None:
        self._values = values
        self._objects = objects
        self._run_id = run_id
        self.volumes: list[LocalVolume] = []
        self.variables: dict[str, str] = {}
        self.origins: set[str] = set()

    def add_volumes(self) -> None:
        config = self._values.config
        for mount in config.pvc_mount:
            directory = self._find(ObjectKind.CLAIM, mount.name)
            if directory is not None and mount.sub_path:
                directory = os.path.join(directory, mount.sub_path)
            self._mount(directory, mount.mount_path, is_writable=True)
        for volume in (*config.secret_as_volume, *config.config_map_as_volume):
            directory = self._find(_KINDS[volume.kind], volume.name)
            self._mount(directory, volume.mount_path, is_writable=False)
            if directory is not None:
                self.origins.add(f"{volume.mount_path}={directory}")

    def add_variables(self) -> None:
        config = self._values.config
        for entry in (*config.secret_as_env, *config.config_map_as_env):
            self._add_object(entry)
        for field in config.field_path_as_env:
            if not self._add_given(field.variable) and field.field_path == _RUN_FIELD:
                self.variables[field.variable] = self._run_id

    def _mount(self, directory: str | None, path: str, *, is_writable: bool) -> None:
        if directory is not None and path.strip("/"):
            self.volumes.append(LocalVolume(path.rstrip("/"), directory, is_writable))

    def _find(self, kind: ObjectKind, name: Name) -> str | None:
        return self._objects.find(kind, self._values.resolve_name(name) or "")

    def _add_object(self, entry: ObjectAsEnv) -> None:
        directory = self._find(_KINDS[entry.kind], entry.name)
        for key, variable in entry.variables:
            if self._add_given(variable) or directory is None:
                continue
            value = _read_key(_KINDS[entry.kind], directory, key, optional=bool(entry.optional))
            if value is not None:
                self.variables[variable] = value
                self.origins.add(f"{variable}={directory}/{key}")

    def _add_given(self, variable: str) -> bool:
        """Take a variable from the environment file, which takes precedence; ``False``: none."""
        value = self._objects.variables.get(variable)
        if value is None:
            return False
        self.variables[variable] = value
        self.origins.add(f"{variable}={self._objects.given.env_file}")
        return True


def _read_key(kind: ObjectKind, directory: str, key: str, *, optional: bool) -> str | None:
    """Return the text of a key, without the line break at its end, which editors add."""
    path = os.path.join(directory, key)
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except FileNotFoundError as error:
        if optional:
            return None
        message = f"the {kind} in '{directory}' has no key '{key}'; add a file of that name"
        raise _make_error(message) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise _make_error(f"'{path}' cannot be the value of a variable: {reason}") from error
    if "\0" in text:
        raise _make_error(f"'{path}' cannot be the value of a variable: it has a NUL character")
    return text.removesuffix("\n").removesuffix("\r")


def _make_error(message: str) -> FinalTaskError:
    return FinalTaskError(message, reason=Reason.INVALID_INPUT)

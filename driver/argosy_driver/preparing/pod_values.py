"""Resolve fragments of a pod with the values of a run."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.kubernetes.fields import (
    FIELDS,
    KubernetesExecutorConfig,
    make_config_fragments,
)
from argosy_schemas.ir.kubernetes.fragments import ConflictError, Fragment, Part, merge_fragments
from argosy_schemas.ir.kubernetes.leaves import InputParameter, Name, ParameterKind, VolumeName
from argosy_schemas.values import UNSET, JsonValue, Unset

Resolve: TypeAlias = Callable[[InputParameter], "JsonValue | Unset"]

_LONGEST_NAME: Final = 63


class PodValues:
    """The configuration of an executor, with the values of its parameters for one task."""

    def __init__(self, config: KubernetesExecutorConfig, resolve: Resolve) -> None:
        self._config = config
        self._resolve = resolve
        self._volume_names: dict[tuple[str, str], str] = {}

    @property
    def config(self) -> KubernetesExecutorConfig:
        """The configuration, without values."""
        return self._config

    def resolve_name(self, name: Name) -> str | None:
        """Return the name of an object; ``None``: the entry that takes it is left out.

        Raises:
            FinalTaskError: A parameter has a value of the wrong kind.
        """
        try:
            return str(self._resolve_part(name))
        except _AbsentError:
            return None

    def list_claims(self) -> list[str]:
        """Return the names of the volume claims that are mounted.

        Raises:
            FinalTaskError: A parameter has a value of the wrong kind.
        """
        return [str(self._resolve_part(mount.name)) for mount in self._config.pvc_mount]

    def make_pod(self, groups: Collection[str]) -> dict[str, Any]:
        """Return the fields of a pod that these groups of ``dsl.TaskConfig`` set.

        An entry whose parameter is ``null`` is left out.

        Raises:
            FinalTaskError: A parameter has a value of the wrong kind.
        """
        # The reference puts claims first.
        fields = sorted(FIELDS, key=lambda row: row.name != "pvcMount")
        listed = (row for row in fields if row.group in groups)
        try:
            return merge_fragments(
                map(self._resolve_fragment, make_config_fragments(self._config, listed))
            )
        except ConflictError as error:
            raise _make_error(str(error), "values that go together") from error

    def _resolve_fragment(self, fragment: Fragment) -> Mapping[str, JsonValue]:
        try:
            return self._resolve_object(fragment)
        except _AbsentError:
            return {}

    def _resolve_object(self, members: Fragment) -> Mapping[str, JsonValue]:
        return {name: self._resolve_part(value) for name, value in members.items()}

    def _resolve_part(self, value: Part) -> JsonValue:
        if isinstance(value, InputParameter):
            return self._resolve_parameter(value)
        if isinstance(value, VolumeName):
            return self._name_volume(value)
        if isinstance(value, Mapping):
            return self._resolve_object(value)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return self._resolve_list(value)
        return value

    def _resolve_list(self, items: Sequence[Part]) -> Sequence[JsonValue]:
        found: list[JsonValue] = []
        for item in items:
            try:
                value = self._resolve_part(item)
            except _AbsentError:
                continue
            # One parameter may stand for several tolerations.
            if isinstance(value, Sequence) and not isinstance(value, str):
                found += filter(None, value)
            else:
                found.append(value)
        return found

    def _resolve_parameter(self, parameter: InputParameter) -> JsonValue:
        kind = parameter.kind
        value = self._resolve(parameter)
        if (value is UNSET or value is None) and kind is not ParameterKind.CLAIM_NAME:
            raise _AbsentError
        if value is UNSET or not kind.accepts(value):
            raise _make_error(parameter.setting, kind)
        if not value:
            raise _AbsentError
        return value

    def _name_volume(self, volume: VolumeName) -> str:
        """Return a name that Kubernetes takes for a volume, the one of its object if that is free.

        An object may have a longer name, and a Secret, a ConfigMap and a claim the same.
        """
        key = (volume.kind, str(self._resolve_part(volume.name)))
        if key not in self._volume_names:
            plain = re.sub("[^a-z0-9-]+", "-", key[1].lower())[:_LONGEST_NAME].strip("-")
            plain = name = plain or "volume"
            number = 1
            while name in self._volume_names.values():
                number += 1
                ending = f"-{number}"
                name = f"{plain[: _LONGEST_NAME - len(ending)]}{ending}"
            self._volume_names[key] = name
        return self._volume_names[key]


class _AbsentError(Exception):
    """The value of a parameter asks for nothing, so the entry that takes it is left out."""


def _make_error(setting: str, needed: str) -> FinalTaskError:
    return FinalTaskError(
        f"Kubernetes setting '{setting}' needs {needed}; see the value that it is taken from",
        reason=Reason.INVALID_INPUT,
    )

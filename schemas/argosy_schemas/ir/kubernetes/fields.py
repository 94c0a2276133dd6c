"""The configuration, and the table of its fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Generic, TypeVar, cast

from argosy_schemas.findings import Findings, Path
from argosy_schemas.ir.kubernetes.containers import FieldPathAsEnv, InitContainer, ObjectAsEnv
from argosy_schemas.ir.kubernetes.fragments import Fragment, drop_empty, make_main_fragment
from argosy_schemas.ir.kubernetes.leaves import InputParameter, Name
from argosy_schemas.ir.kubernetes.reader import Reader
from argosy_schemas.ir.kubernetes.scheduling import (
    JsonOrParameter,
    Tolerations,
    make_node_affinity_fragment,
    make_node_selector_fragment,
    make_tolerations_fragment,
    read_node_affinity,
    read_node_selector,
    read_tolerations,
)
from argosy_schemas.ir.kubernetes.volumes import (
    ClaimMount,
    EmptyDirMount,
    EphemeralVolume,
    ObjectAsVolume,
)

Json = Mapping[str, Any]
T = TypeVar("T")

ENV: Final = "ENV"
VOLUMES: Final = "KUBERNETES_VOLUMES"

_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesExecutorConfig:
    """What a pipeline asks of the pods of one executor, field by field."""

    secret_as_volume: tuple[ObjectAsVolume, ...] = ()
    config_map_as_volume: tuple[ObjectAsVolume, ...] = ()
    secret_as_env: tuple[ObjectAsEnv, ...] = ()
    config_map_as_env: tuple[ObjectAsEnv, ...] = ()
    field_path_as_env: tuple[FieldPathAsEnv, ...] = ()
    pvc_mount: tuple[ClaimMount, ...] = ()
    empty_dir_mounts: tuple[EmptyDirMount, ...] = ()
    generic_ephemeral_volume: tuple[EphemeralVolume, ...] = ()
    image_pull_secret: tuple[Name, ...] = ()
    image_pull_policy: str = ""
    tolerations: tuple[Tolerations, ...] = ()
    node_affinity: tuple[JsonOrParameter, ...] = ()
    node_selector: JsonOrParameter = field(default_factory=dict[str, Any])
    pod_metadata: Json = field(default_factory=dict[str, Any])
    """``labels`` and ``annotations``."""
    active_deadline_seconds: int = 0
    """0 is not a deadline."""
    security_context: Json = field(default_factory=dict[str, Any])
    init_containers: tuple[InitContainer, ...] = ()
    parameters: tuple[InputParameter, ...] = ()
    """All parameters that the fields hold."""

    @property
    def secrets(self) -> tuple[Name, ...]:
        """The secrets that the command can read."""
        variables = (each.name for each in self.secret_as_env)
        volumes = (each.name for each in self.secret_as_volume)
        return (*variables, *volumes)


@dataclass(frozen=True, slots=True)
class ConfigField(Generic[T]):
    """A row of the table. If the field is a list, the row is about one entry."""

    name: str
    read: Callable[[Reader], T]
    """An empty value asks for nothing."""
    make_fragment: Callable[[T], Fragment]
    """Returns what a value that is not empty adds to a pod."""
    group: str = ""
    """The group of ``dsl.TaskConfig`` that the field belongs to; most belong to none."""

    @property
    def attribute(self) -> str:
        """The attribute of the configuration: the proto's name of the field."""
        return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", self.name)

    def read_value(self, reader: Reader) -> T | tuple[T, ...]:
        """Return the value of the field."""
        if isinstance(reader.json, list):
            return tuple(filter(None, map(self.read, reader.each())))
        return self.read(reader)

    def make_fragments(self, config: KubernetesExecutorConfig) -> Iterator[Fragment]:
        """Yield what the field adds to a pod."""
        value = getattr(config, self.attribute)
        entries = cast("tuple[T, ...]", value if isinstance(value, tuple) else (value,))
        yield from map(self.make_fragment, filter(None, entries))


def _read_pull_secret(reader: Reader) -> Name:
    return reader.read_object_name("secretName", "secretNameParameter")


def _read_pull_policy(reader: Reader) -> str:
    return reader.json and reader.read_choice(_PULL_POLICIES, "a pull policy")


def _read_security_context(reader: Reader) -> Json:
    context: Json = reader.json
    if context.get("runAsUser") == 0 and context.get("runAsNonRoot"):
        reader.add_finding("Asks for user 0 and for 'runAsNonRoot'; drop one")
    return context


FIELDS: Final[tuple[ConfigField[Any], ...]] = (
    ConfigField(
        "secretAsVolume",
        partial(ObjectAsVolume.read, kind="secret"),
        ObjectAsVolume.make_fragment,
        VOLUMES,
    ),
    ConfigField(
        "configMapAsVolume",
        partial(ObjectAsVolume.read, kind="configMap"),
        ObjectAsVolume.make_fragment,
        VOLUMES,
    ),
    ConfigField(
        "secretAsEnv", partial(ObjectAsEnv.read, kind="secret"), ObjectAsEnv.make_fragment, ENV
    ),
    ConfigField(
        "configMapAsEnv",
        partial(ObjectAsEnv.read, kind="configMap"),
        ObjectAsEnv.make_fragment,
        ENV,
    ),
    ConfigField("fieldPathAsEnv", FieldPathAsEnv.read, FieldPathAsEnv.make_fragment, ENV),
    ConfigField("pvcMount", ClaimMount.read, ClaimMount.make_fragment, VOLUMES),
    ConfigField("emptyDirMounts", EmptyDirMount.read, EmptyDirMount.make_fragment),
    ConfigField("genericEphemeralVolume", EphemeralVolume.read, EphemeralVolume.make_fragment),
    ConfigField(
        "imagePullSecret", _read_pull_secret, lambda name: {"imagePullSecrets": [{"name": name}]}
    ),
    ConfigField(
        "imagePullPolicy",
        _read_pull_policy,
        lambda policy: make_main_fragment(imagePullPolicy=policy),
    ),
    ConfigField(
        "tolerations", read_tolerations, make_tolerations_fragment, "KUBERNETES_TOLERATIONS"
    ),
    ConfigField(
        "nodeAffinity", read_node_affinity, make_node_affinity_fragment, "KUBERNETES_AFFINITY"
    ),
    ConfigField(
        "nodeSelector", read_node_selector, make_node_selector_fragment, "KUBERNETES_NODE_SELECTOR"
    ),
    ConfigField(
        "podMetadata",
        lambda reader: drop_empty(**reader.json),
        lambda metadata: {"metadata": metadata},
    ),
    ConfigField(
        "activeDeadlineSeconds",
        lambda reader: max(0, reader.json),
        lambda seconds: {"activeDeadlineSeconds": seconds},
    ),
    ConfigField(
        "securityContext",
        _read_security_context,
        lambda context: make_main_fragment(securityContext=context),
    ),
    ConfigField("initContainers", InitContainer.read, InitContainer.make_fragment),
)

REFUSED: Final = ("podAffinity", "enabledSharedMemory")
"""Fields that no function of the SDK sets, and that have no effect in KFP."""


def read_config(json: Json, findings: Findings, path: Path) -> KubernetesExecutorConfig:
    """Return the configuration of an executor.

    Args:
        json: Canonical JSON that conforms to the schema.
        findings: Receives what is wrong in it.
        path: Where the configuration stands in the platform document.
    """
    parameters: list[InputParameter] = []

    def reader(name: str) -> Reader:
        return Reader(
            json=json[name],
            path=(*path, name),
            setting=name,
            config=json,
            findings=findings,
            parameters=parameters,
        )

    for name in REFUSED:
        if name in json:
            message = f"Argosy does not support '{name}', which has no effect in KFP; remove it"
            reader(name).add_finding(message, is_unsupported=True)
    values: dict[str, Any] = {
        row.attribute: row.read_value(reader(row.name)) for row in FIELDS if row.name in json
    }
    return KubernetesExecutorConfig(**values, parameters=tuple(parameters))


def make_config_fragments(
    config: KubernetesExecutorConfig, fields: Iterable[ConfigField[Any]] = FIELDS
) -> Iterator[Fragment]:
    """Yield what these fields of ``config`` add to a pod, in the order of the table."""
    for row in fields:
        yield from row.make_fragments(config)

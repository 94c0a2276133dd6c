"""The fields that set variables of the main container, or add containers beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from argosy_schemas.findings import suggest_name
from argosy_schemas.ir.kubernetes.fragments import Fragment, drop_empty, make_main_fragment
from argosy_schemas.ir.kubernetes.leaves import Name, VolumeName
from argosy_schemas.ir.kubernetes.mount_paths import read_mount_path
from argosy_schemas.ir.kubernetes.reader import Reader
from argosy_schemas.ir.kubernetes.volumes import ObjectKind
from argosy_schemas.pod import DRIVER_CONTAINER, LAUNCHER_CONTAINER, MAIN_CONTAINER

_TAKEN: Final = (DRIVER_CONTAINER, MAIN_CONTAINER, LAUNCHER_CONTAINER, "init", "supervisor", "wait")
"""Names of the containers that Argosy and Argo put into every pod."""
_TAKEN_PREFIX: Final = "artifact-plugin-"
"""What names of other containers of Argo begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectAsEnv:
    """Values of a Secret or ConfigMap as environment variables."""

    kind: ObjectKind
    name: Name
    variables: tuple[tuple[str, str], ...]
    """Pairs of a key of the object and the variable that gets its value."""
    optional: bool | None
    """``None`` leaves it to Kubernetes."""

    @classmethod
    def read(cls, reader: Reader, kind: ObjectKind) -> ObjectAsEnv:
        """Read an entry of ``secretAsEnv`` or ``configMapAsEnv``."""
        return cls(
            kind=kind,
            name=reader.read_object_name(f"{kind}Name", f"{kind}NameParameter"),
            variables=tuple(
                (pair.read_text(f"{kind}Key"), pair.read_text("envVar"))
                for pair in reader.items("keyToEnv")
            ),
            optional=reader.json.get("optional"),
        )

    def make_fragment(self) -> Fragment:
        """Return the variables."""
        reference: dict[str, Any] = {"name": self.name}
        if self.optional is not None:
            reference["optional"] = self.optional
        return make_main_fragment(
            env=[
                {"name": variable, "valueFrom": {f"{self.kind}KeyRef": {**reference, "key": key}}}
                for key, variable in self.variables
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPathAsEnv:
    """A field of the pod as an environment variable."""

    variable: str
    field_path: str

    @classmethod
    def read(cls, reader: Reader) -> FieldPathAsEnv:
        """Read an entry of ``fieldPathAsEnv``."""
        return cls(variable=reader.read_text("name"), field_path=reader.read_text("fieldPath"))

    def make_fragment(self) -> Fragment:
        """Return the variable."""
        source = {"fieldRef": {"fieldPath": self.field_path}}
        return make_main_fragment(env=[{"name": self.variable, "valueFrom": source}])


@dataclass(frozen=True, slots=True, kw_only=True)
class InitContainer:
    """A container that ends before the main one starts; with ``restart_policy`` a sidecar."""

    name: str
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    mounts: tuple[tuple[VolumeName, str], ...]
    """Volumes of the same configuration, and paths."""
    restart_policy: str
    """``Always`` or empty."""
    resources: Mapping[str, Any]

    @classmethod
    def read(cls, reader: Reader) -> InitContainer:
        """Read an entry of ``initContainers``."""
        name = reader.read_text("name")
        others = [
            one.get("name") for one in reader.config[reader.setting] if one is not reader.json
        ]
        if name in (*_TAKEN, *others) or name.startswith(_TAKEN_PREFIX):
            reader.member("name").add_finding(
                f"The pod has another container '{name}'; rename this one"
            )
        restart_policy: str = reader.json.get("restartPolicy", "")
        return cls(
            name=name,
            image=reader.read_text("image"),
            command=tuple(reader.json.get("command", ())),
            args=tuple(reader.json.get("args", ())),
            env=tuple(
                (one.read_text("name"), one.json.get("value", "")) for one in reader.items("env")
            ),
            mounts=tuple(
                (_read_volume(mount), read_mount_path(mount))
                for mount in reader.items("volumeMounts")
            ),
            restart_policy=restart_policy
            and reader.member("restartPolicy").read_choice(
                ["Always"], "a restart policy of an init container"
            ),
            resources=drop_empty(**reader.json.get("resources", {})),
        )

    def make_fragment(self) -> Fragment:
        """Return the container."""
        container = drop_empty(
            name=self.name,
            image=self.image,
            command=list(self.command),
            args=list(self.args),
            env=[{"name": name, "value": value} for name, value in self.env],
            volumeMounts=[{"name": name, "mountPath": path} for name, path in self.mounts],
            restartPolicy=self.restart_policy,
            resources=self.resources,
        )
        return {"initContainers": [container]}


def _read_volume(reader: Reader) -> VolumeName:
    name = reader.read_text("volumeName")
    kinds = {
        entry.get("volumeName", ""): kind
        for field, kind in (("genericEphemeralVolume", "ephemeral"), ("emptyDirMounts", "empty"))
        for entry in reader.config.get(field, ())
    }
    if name and name not in kinds:
        todo = suggest_name(name, kinds, otherwise="add it to the configuration")
        reader.add_finding(f"There is no empty directory or ephemeral volume '{name}'; {todo}")
    return VolumeName(kind=kinds.get(name, ""), name=name)

"""The fields that mount volumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from argosy_schemas.ir.kubernetes.fragments import Fragment, drop_empty, make_mount_fragment
from argosy_schemas.ir.kubernetes.leaves import Name, ParameterKind, VolumeName
from argosy_schemas.ir.kubernetes.mount_paths import read_mount_path
from argosy_schemas.ir.kubernetes.reader import Reader

ObjectKind: TypeAlias = Literal["secret", "configMap"]

ACCESS_MODES: Final = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectAsVolume:
    """A Secret or ConfigMap as files."""

    kind: ObjectKind
    name: Name
    mount_path: str
    optional: bool

    @classmethod
    def read(cls, reader: Reader, kind: ObjectKind) -> ObjectAsVolume:
        """Read an entry of ``secretAsVolume`` or ``configMapAsVolume``."""
        return cls(
            kind=kind,
            name=reader.read_object_name(f"{kind}Name", f"{kind}NameParameter"),
            mount_path=read_mount_path(reader),
            optional=reader.json.get("optional", False),
        )

    def make_fragment(self) -> Fragment:
        """Return the volume and its mount."""
        member = "secretName" if self.kind == "secret" else "name"
        volume = VolumeName(
            kind=f"optional-{self.kind}" if self.optional else self.kind, name=self.name
        )
        source: Fragment = {str(self.kind): {member: self.name, "optional": self.optional}}
        return make_mount_fragment(volume, source, self.mount_path)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimMount:
    """A volume claim that exists already, or that another task creates."""

    name: Name
    mount_path: str
    sub_path: str

    @classmethod
    def read(cls, reader: Reader) -> ClaimMount:
        """Read an entry of ``pvcMount``."""
        if "pvcNameParameter" in reader.json:
            name = reader.member("pvcNameParameter").read_name(ParameterKind.CLAIM_NAME)
        elif "taskOutputParameter" in reader.json or "componentInputParameter" in reader.json:
            # Older SDKs put the source into the entry itself.
            name = reader.read_name(ParameterKind.CLAIM_NAME)
        else:
            name = reader.read_text("constant")
        return cls(
            name=name,
            mount_path=read_mount_path(reader),
            sub_path=reader.json.get("subPath", ""),
        )

    def make_fragment(self) -> Fragment:
        """Return the volume and its mount."""
        source = {"persistentVolumeClaim": {"claimName": self.name}}
        volume = VolumeName(kind="pvc", name=self.name)
        return make_mount_fragment(volume, source, self.mount_path, self.sub_path)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyDirMount:
    """A directory that lives as long as the pod."""

    volume: str
    mount_path: str
    medium: str
    size_limit: str

    @classmethod
    def read(cls, reader: Reader) -> EmptyDirMount:
        """Read an entry of ``emptyDirMounts``."""
        return cls(
            volume=reader.read_text("volumeName"),
            mount_path=read_mount_path(reader),
            medium=reader.json.get("medium", ""),
            size_limit=reader.read_amount("sizeLimit"),
        )

    def make_fragment(self) -> Fragment:
        """Return the volume and its mount."""
        source = {"emptyDir": drop_empty(medium=self.medium, sizeLimit=self.size_limit)}
        return make_mount_fragment(
            VolumeName(kind="empty", name=self.volume), source, self.mount_path
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EphemeralVolume:
    """A volume claim that lives as long as the pod."""

    volume: str
    mount_path: str
    size: str
    access_modes: tuple[str, ...]
    storage_class: str | None
    """``None`` takes the cluster's default, an empty text takes no class."""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """``labels`` and ``annotations`` of the claim."""

    @classmethod
    def read(cls, reader: Reader) -> EphemeralVolume:
        """Read an entry of ``genericEphemeralVolume``."""
        takes_default: bool = reader.json.get("defaultStorageClass", False)
        reader.read_text("size")
        return cls(
            volume=reader.read_text("volumeName"),
            mount_path=read_mount_path(reader),
            size=reader.read_amount("size"),
            access_modes=tuple(
                mode.read_choice(ACCESS_MODES, "an access mode")
                for mode in reader.items("accessModes")
            ),
            storage_class=None if takes_default else reader.json.get("storageClassName", ""),
            metadata=drop_empty(**reader.json.get("metadata", {})),
        )

    def make_fragment(self) -> Fragment:
        """Return the volume and its mount."""
        spec: dict[str, Any] = {
            "accessModes": list(self.access_modes),
            "resources": {"requests": {"storage": self.size}},
        }
        if self.storage_class is not None:
            spec["storageClassName"] = self.storage_class
        template = {"spec": spec, **drop_empty(metadata=self.metadata)}
        source = {"ephemeral": {"volumeClaimTemplate": template}}
        return make_mount_fragment(
            VolumeName(kind="ephemeral", name=self.volume), source, self.mount_path
        )

"""The volumes of a step's pod, and which container mounts which (``docs/container-contract.md``).

Each list is written out. Argo could mirror the mounts of main into driver and launcher, but then a
volume of the user's would lie over the files of a container that has credentials.
"""

from __future__ import annotations

from typing import Any

from argosy_compiler.config_objects import CONFIG_MAP, ConfigObject
from argosy_schemas.pod import (
    CA_PATH,
    CA_VOLUME,
    EXCHANGE_PATH,
    EXCHANGE_VOLUME,
    PRIVATE_PATH,
    PRIVATE_VOLUME,
    PUBLISHED_PATH,
    PUBLISHED_VOLUME,
    SCRATCH_VOLUME,
    WORKSPACE_PATH,
    WORKSPACE_VOLUME,
)

SCRATCH = ("/s3", "/gcs", "/minio")
"""Where the KFP executor expects the files of artifacts, by the scheme of their URI."""

Mount = dict[str, Any]

PUBLISHED_MOUNT: Mount = {"name": PUBLISHED_VOLUME, "mountPath": PUBLISHED_PATH}
_PRIVATE_MOUNT: Mount = {"name": PRIVATE_VOLUME, "mountPath": PRIVATE_PATH}
_EXCHANGE_MOUNT: Mount = {"name": EXCHANGE_VOLUME, "mountPath": EXCHANGE_PATH}
_WORKSPACE_MOUNT: Mount = {"name": WORKSPACE_VOLUME, "mountPath": WORKSPACE_PATH}


def list_volumes(*, artifacts: bool) -> list[dict[str, Any]]:
    """Return the volumes of a step's pod, without those of the pipeline."""
    names = [PRIVATE_VOLUME, PUBLISHED_VOLUME, EXCHANGE_VOLUME]
    names += [SCRATCH_VOLUME] if artifacts else []
    return [{"name": name, "emptyDir": {}} for name in names]


def list_main_mounts(*, artifacts: bool) -> list[Mount]:
    """Return the mounts of main, without those of the pipeline."""
    return [_read_only(PUBLISHED_MOUNT), _EXCHANGE_MOUNT, *_list_scratch(artifacts=artifacts)]


def list_driver_mounts(*, artifacts: bool, workspace: bool) -> list[Mount]:
    """Return the mounts of the driver, which prepares what main finds."""
    return [_PRIVATE_MOUNT, PUBLISHED_MOUNT, *_list_foreign(artifacts, workspace)]


def list_launcher_mounts(*, artifacts: bool, workspace: bool) -> list[Mount]:
    """Return the mounts of the launcher, which only reads what main wrote."""
    foreign = _list_foreign(artifacts, workspace)
    return [_PRIVATE_MOUNT, PUBLISHED_MOUNT, *map(_read_only, foreign)]


def list_ca_volumes(bundle: ConfigObject | None) -> list[dict[str, Any]]:
    """Return the volume of certificates. A missing one does not keep the driver from starting."""
    if bundle is None:
        return []
    if bundle.kind == CONFIG_MAP:
        return [{"name": CA_VOLUME, "configMap": {"name": bundle.name, "optional": True}}]
    return [{"name": CA_VOLUME, "secret": {"secretName": bundle.name, "optional": True}}]


def list_ca_mounts(bundle: ConfigObject | None) -> list[Mount]:
    """Return the mount of certificates."""
    if bundle is None:
        return []
    return [_read_only({"name": CA_VOLUME, "mountPath": CA_PATH})]


def _list_foreign(artifacts: bool, workspace: bool) -> list[Mount]:
    """Return the mounts of the volumes on which main writes what Argosy reads."""
    scratch = _list_scratch(artifacts=artifacts)
    return [_EXCHANGE_MOUNT, *scratch, *([_WORKSPACE_MOUNT] if workspace else [])]


def _list_scratch(*, artifacts: bool) -> list[Mount]:
    if not artifacts:
        return []
    return [{"name": SCRATCH_VOLUME, "mountPath": path, "subPath": path[1:]} for path in SCRATCH]


def _read_only(mount: Mount) -> Mount:
    return {**mount, "readOnly": True}

"""What keeps the containers of a pod apart from the node, from Kubernetes and from one another.

By these settings a pod passes the Pod Security Standard *restricted*, and ordinary images still run
(``docs/security.md``). What holds for all pods stands once, in a patch of the workflow that names
the containers, Argo's own among them. The compiler leaves all of it out for the embedded engine.

Sources: https://kubernetes.io/docs/concepts/security/pod-security-standards/, and
``workflow/controller/workflowpod.go`` of Argo 3.5 to 4.1: patches are applied last, first that of
the workflow, then that of the template. A patch adds a container that the pod does not have.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from argosy_compiler.options import CompileOptions, PodSecurity
from argosy_compiler.pods.mounts import Mount
from argosy_compiler.pods.patch import make_static_text
from argosy_schemas.pod import (
    DRIVER_CONTAINER,
    HOME_PATH,
    HOME_VOLUME,
    LAUNCHER_CONTAINER,
    MAIN_CONTAINER,
    NO_TOKEN_VOLUME,
    TOKEN_PATH,
)

USER: Final = 65532
"""Of all containers that set no other: that of Argosy's image, and of most images without a shell.
The group is the image's for this user, else 0, whose files images for any user can write."""

_UNPRIVILEGED: Final[Mapping[str, Any]] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}
_OWN: Final[Mapping[str, Any]] = {**_UNPRIVILEGED, "readOnlyRootFilesystem": True}
"""Of containers of Argosy's image, which write on volumes only."""
_POD: Final[Mapping[str, Any]] = {
    # Volume claims are made for root.
    "fsGroup": USER,
    "fsGroupChangePolicy": "OnRootMismatch",
    "runAsNonRoot": True,
    "runAsUser": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_INIT: Final = "init"
_WAIT: Final = "wait"
"""The containers that Argo adds. There is no ``wait`` in a pod whose command is Argo's own."""
_NO_TOKEN: Final[Mount] = {
    "name": NO_TOKEN_VOLUME,
    "mountPath": TOKEN_PATH,
    "readOnly": True,
}
_TOKEN_PATHS: Final = (TOKEN_PATH, TOKEN_PATH.removeprefix("/var"))
"""In most images ``/var/run`` is a link to ``/run``."""


def make_workflow_settings(options: CompileOptions) -> dict[str, Any]:
    """Return the fields of the workflow that hold for all of its pods."""
    if options.pod_security is None:
        return {}
    # Equal amounts are one object, which the text below has once.
    asked = {options.driver_resources, options.launcher_resources}
    amounts = {resources: resources.to_json() for resources in asked}
    containers = [_make_own(LAUNCHER_CONTAINER, amounts[options.launcher_resources])]
    initial = [_make_own(DRIVER_CONTAINER, amounts[options.driver_resources])]
    context: dict[str, Any] = {}
    if options.pod_security is PodSecurity.RESTRICTED:
        argo, wait, main = (
            {"name": name, "securityContext": _UNPRIVILEGED}
            for name in (_INIT, _WAIT, MAIN_CONTAINER)
        )
        containers, initial = [wait, main, *containers], [argo, *initial]
        context = {"securityContext": _POD}
    return {
        "podSpecPatch": _make_text({"containers": containers, "initContainers": initial}),
        **context,
    }


def make_pod_labels(options: CompileOptions) -> dict[str, str]:
    """Return the labels of pods: a driver needs the network, and the proxy of a mesh starts later.

    Istio asks the label before the annotation of the same name.
    """
    return {} if options.pod_security is None else {"sidecar.istio.io/inject": "false"}


def make_decider_settings(options: CompileOptions) -> dict[str, Any]:
    """Return the fields of the only container in a pod that only decides."""
    if options.pod_security is None:
        return {}
    settings = _make_own(MAIN_CONTAINER, options.driver_resources.to_json())
    return {name: value for name, value in settings.items() if name != "volumeMounts"}


def make_removal(options: CompileOptions, *, waits: bool) -> dict[str, Any]:
    """Return the patch of a template whose pods lack containers that the workflow's patch names.

    Args:
        options: Of the compilation.
        waits: Whether Argo adds ``wait`` to the pods.
    """
    if options.pod_security is None:
        return {}
    argo = [] if waits or options.pod_security is PodSecurity.BASELINE else [_WAIT]
    removed = {"containers": [*argo, LAUNCHER_CONTAINER], "initContainers": [DRIVER_CONTAINER]}
    return {
        "podSpecPatch": make_static_text(
            {
                kind: [{"$patch": "delete", "name": name} for name in names]
                for kind, names in removed.items()
            }
        )
    }


def isolate_task(options: CompileOptions, container: Mapping[str, Any]) -> dict[str, Any]:
    """Return an init container with an image of the pipeline's, kept apart."""
    context = _UNPRIVILEGED if options.pod_security is PodSecurity.RESTRICTED else {}
    mounts = container.get("volumeMounts", ())
    mounts = [*list_token_mounts(options, mounts), *mounts]
    return {
        **container,
        **({"securityContext": context} if context else {}),
        **({"volumeMounts": mounts} if mounts else {}),
    }


def list_home_variables(options: CompileOptions, container: Mapping[str, Any]) -> list[Any]:
    """Return the variable of main's home directory, unless the container has one of its own."""
    named = any(variable.get("name") == "HOME" for variable in container.get("env", ()))
    return [{"name": "HOME", "value": HOME_PATH}] if _has_home(options) and not named else []


def list_home_mounts(options: CompileOptions) -> list[Mount]:
    """Return the mount of main's home directory."""
    return [{"name": HOME_VOLUME, "mountPath": HOME_PATH}] if _has_home(options) else []


def list_decider_mounts(options: CompileOptions) -> list[Mount]:
    """Return the mount that keeps the token of the service account from a deciding pod."""
    return [] if options.pod_security is None else [_NO_TOKEN]


def list_token_mounts(options: CompileOptions, mounts: Iterable[Mount]) -> list[Mount]:
    """Return the same for a container with an image of the pipeline's, unless it is to have one.

    Args:
        options: Of the compilation.
        mounts: Those that the pipeline gives the container; one may hold a token.
    """
    paths = [str(mount.get("mountPath", "")).rstrip("/") for mount in mounts]
    taken = any(f"{path}/".startswith(f"{token}/") for path in paths for token in _TOKEN_PATHS)
    return [] if options.tasks_use_token or taken else list_decider_mounts(options)


def list_isolation_volumes(options: CompileOptions, *, decides: bool) -> list[dict[str, Any]]:
    """Return the volumes of the mounts above, for a step or for a pod that only decides."""
    names = [HOME_VOLUME] if _has_home(options) and not decides else []
    names += [] if options.pod_security is None else [NO_TOKEN_VOLUME]
    return [{"name": name, "emptyDir": {}} for name in names]


def _has_home(options: CompileOptions) -> bool:
    """Return whether main runs as a user that its image may not know."""
    return options.pod_security is PodSecurity.RESTRICTED


def _make_own(name: str, amounts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        **({"resources": amounts} if amounts else {}),
        "securityContext": _OWN,
        "volumeMounts": [_NO_TOKEN],
    }


def _make_text(patch: Mapping[str, Any]) -> str:
    """Return YAML in one line: what stands in it twice is written once.

    It begins with a mark, since Argo takes text that begins with a brace for JSON.
    """
    import yaml

    text: str = yaml.safe_dump(patch, default_flow_style=True, explicit_start=True, width=math.inf)
    return text.strip()

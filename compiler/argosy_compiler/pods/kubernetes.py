"""The Kubernetes configuration of an executor, as parts of a pod template.

Field by field this follows ``kubernetes_platform/proto/kubernetes_executor_config.proto`` and the
reference driver's ``k8s.go``; ``podAffinity`` and ``enabledSharedMemory`` have no effect there and
none here. What refers to parameters goes into a patch (:mod:`argosy_compiler.pods.patch`); what an
optional parameter leaves out is left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from argosy_compiler.decisions.values import BarredError, Value
from argosy_compiler.pods.patch import Hole, Optional, Patch, TextHole
from argosy_schemas.errors import InvalidPipelineError, Problem
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.pod import SHARED_PATH, SHARED_VOLUME

Json = Mapping[str, Any]
Resolve = Callable[[Json], Value]
"""Returns the value of an ``InputParameterSpec``, in the scope of the DAG that holds the task."""

_PULL_POLICIES = ("Always", "Never", "IfNotPresent")
_ACCESS_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")


@dataclass(slots=True, kw_only=True)
class PodParts:
    """What the configuration adds to a pod; collected field by field."""

    env: list[Patch] = field(default_factory=list[Patch])
    mounts: list[Patch] = field(default_factory=list[Patch])
    volumes: list[Patch] = field(default_factory=list[Patch])
    pull_secrets: list[Patch] = field(default_factory=list[Patch])
    tolerations: list[Patch] = field(default_factory=list[Patch])
    toleration_list: str | None = None
    """Expression of a whole list of tolerations, or of null."""
    node_selector: Patch = None
    required_affinity: list[Json] = field(default_factory=list[Json])
    preferred_affinity: list[Json] = field(default_factory=list[Json])
    affinity: Patch = None
    """A whole NodeAffinity from a parameter."""
    pull_policy: str | None = None
    security: dict[str, Any] = field(default_factory=dict[str, Any])
    deadline_seconds: int | None = None
    labels: dict[str, str] = field(default_factory=dict[str, str])
    annotations: dict[str, str] = field(default_factory=dict[str, str])
    init_containers: list[Json] = field(default_factory=list[Json])


def pod_parts(config: Json, resolve: Resolve, path: str) -> PodParts:
    """Return the parts of a pod that ``config`` asks for.

    Raises:
        InvalidPipelineError: A value is none that Kubernetes takes.
        BarredError: A parameter cannot be had by an expression.
    """
    return _Reader(resolve, path).read(config)


class _Reader:
    def __init__(self, resolve: Resolve, path: str) -> None:
        self._resolve = resolve
        self._path = path
        self._parts = PodParts()

    def read(self, config: Json) -> PodParts:
        parts = self._parts
        for entry in config.get("secretAsVolume", ()):
            self._volume(entry, "secret", "secretName", "secretNameParameter")
        for entry in config.get("configMapAsVolume", ()):
            self._volume(entry, "configMap", "configMapName", "configMapNameParameter")
        for entry in config.get("secretAsEnv", ()):
            self._env(entry, "secret")
        for entry in config.get("configMapAsEnv", ()):
            self._env(entry, "configMap")
        for entry in config.get("fieldPathAsEnv", ()):
            source = {"fieldRef": {"fieldPath": entry["fieldPath"]}}
            parts.env.append({"name": entry["name"], "valueFrom": source})
        for entry in config.get("pvcMount", ()):
            self._claim(entry)
        for entry in config.get("emptyDirMounts", ()):
            self._empty_directory(entry)
        for entry in config.get("genericEphemeralVolume", ()):
            self._ephemeral(entry)
        for entry in config.get("imagePullSecret", ()):
            self._pull_secret(entry)
        for entry in config.get("tolerations", ()):
            self._toleration(entry)
        for entry in config.get("nodeAffinity", ()):
            self._node_affinity(entry)
        self._node_selector(config.get("nodeSelector", {}))
        self._scalars(config)
        return parts

    def _scalars(self, config: Json) -> None:
        parts = self._parts
        parts.pull_policy = config.get("imagePullPolicy") or None
        if parts.pull_policy is not None and parts.pull_policy not in _PULL_POLICIES:
            raise self._wrong(
                "imagePullPolicy",
                f"is '{parts.pull_policy}'; use one of {', '.join(_PULL_POLICIES)}",
            )
        seconds = int(config.get("activeDeadlineSeconds", 0))
        parts.deadline_seconds = seconds if seconds > 0 else None
        metadata: Json = config.get("podMetadata", {})
        parts.labels = dict(metadata.get("labels", {}))
        parts.annotations = dict(metadata.get("annotations", {}))
        for name, value in config.get("securityContext", {}).items():
            parts.security[name] = value if isinstance(value, bool) else int(value)
        if parts.security.get("runAsUser") == 0 and parts.security.get("runAsNonRoot"):
            raise self._wrong("securityContext", "asks for user 0 and for runAsNonRoot; drop one")
        parts.init_containers = [self._init(entry) for entry in config.get("initContainers", ())]

    def _volume(
        self, entry: Json, kind: Literal["secret", "configMap"], constant: str, parameter: str
    ) -> None:
        name, optional = self._name(entry, constant, parameter)
        member = "secretName" if kind == "secret" else "name"
        source = {member: name, "optional": bool(entry.get("optional", False))}
        self._mount(entry, {kind: source}, _key(kind, entry, constant, parameter), optional)

    def _env(self, entry: Json, kind: Literal["secret", "configMap"]) -> None:
        constant, parameter = f"{kind}Name", f"{kind}NameParameter"
        name, optional = self._name(entry, constant, parameter)
        for pair in entry.get("keyToEnv", ()):
            reference: dict[str, Patch] = {"name": name, "key": pair[f"{kind}Key"]}
            if "optional" in entry:
                reference["optional"] = bool(entry["optional"])
            element: Patch = {
                "name": pair["envVar"],
                "valueFrom": {f"{kind}KeyRef": reference},
            }
            self._parts.env.append(_maybe(optional, element))

    def _claim(self, entry: Json) -> None:
        if "pvcNameParameter" in entry:
            name, optional = self._name(entry, "constant", "pvcNameParameter")
        elif "constant" in entry:
            name, optional = entry["constant"], None
        else:  # the deprecated spelling puts the source into the entry itself
            value = self._resolve(entry)
            name, optional = Hole(value.text), None
        self._mount(
            entry,
            {"persistentVolumeClaim": {"claimName": name}},
            _key("pvc", entry, "constant", "pvcNameParameter"),
            optional,
        )

    def _empty_directory(self, entry: Json) -> None:
        source: dict[str, Any] = {}
        if entry.get("medium"):
            source["medium"] = entry["medium"]
        if entry.get("sizeLimit"):
            source["sizeLimit"] = entry["sizeLimit"]
        self._mount(entry, {"emptyDir": source}, f"empty-{entry.get('volumeName', '')}", None)

    def _ephemeral(self, entry: Json) -> None:
        modes = list(entry.get("accessModes", ()))
        for mode in modes:
            if mode not in _ACCESS_MODES:
                raise self._wrong(
                    "genericEphemeralVolume.accessModes",
                    f"has '{mode}'; use {', '.join(_ACCESS_MODES)}",
                )
        claim: dict[str, Any] = {
            "accessModes": modes,
            "resources": {"requests": {"storage": entry.get("size", "")}},
        }
        if not entry.get("defaultStorageClass", False):
            claim["storageClassName"] = entry.get("storageClassName", "")
        template: dict[str, Any] = {"spec": claim}
        metadata = {key: value for key, value in entry.get("metadata", {}).items() if value}
        if metadata:
            template["metadata"] = metadata
        self._mount(
            entry,
            {"ephemeral": {"volumeClaimTemplate": template}},
            f"ephemeral-{entry.get('volumeName', '')}",
            None,
        )

    def _pull_secret(self, entry: Json) -> None:
        name, optional = self._name(entry, "secretName", "secretNameParameter")
        self._parts.pull_secrets.append(_maybe(optional, {"name": name}))

    def _toleration(self, entry: Json) -> None:
        if "tolerationJson" in entry:
            value = self._resolve(entry["tolerationJson"])
            if value.type is ParameterType.LIST:
                if self._parts.tolerations:
                    raise BarredError("a list of tolerations stands beside others; give each one")
                self._parts.toleration_list = value.text
                return
            absent = f"({value.text} == nil || len({value.text}) == 0 ? nil : 1)"
            self._parts.tolerations.append(Optional(absent, Hole(value.text)))
            return
        toleration = {
            name: entry[name] for name in ("key", "operator", "value", "effect") if entry.get(name)
        }
        if "tolerationSeconds" in entry:
            toleration["tolerationSeconds"] = int(entry["tolerationSeconds"])
        if toleration:
            self._parts.tolerations.append(toleration)

    def _node_affinity(self, entry: Json) -> None:
        if "nodeAffinityJson" in entry:
            self._parts.affinity = Hole(self._resolve(entry["nodeAffinityJson"]).text)
            return
        term = {
            name: [dict(one) for one in entry[name]]
            for name in ("matchExpressions", "matchFields")
            if entry.get(name)
        }
        if not term:
            return
        if "weight" not in entry:
            self._parts.required_affinity.append(term)
            return
        weight = int(entry["weight"])
        if not 1 <= weight <= 100:
            raise self._wrong("nodeAffinity.weight", f"is {weight}; use 1 to 100")
        self._parts.preferred_affinity.append({"weight": weight, "preference": term})

    def _node_selector(self, entry: Json) -> None:
        if "nodeSelectorJson" in entry:
            value = self._resolve(entry["nodeSelectorJson"])
            text = f"({value.text} == nil ? '\\u007b\\u007d' : toJson({value.text}))"
            self._parts.node_selector = TextHole(text)
        elif entry.get("labels"):
            self._parts.node_selector = dict(entry["labels"])

    def _init(self, entry: Json) -> Json:
        container: dict[str, Any] = {"name": entry["name"], "image": entry["image"]}
        for name in ("command", "args", "restartPolicy", "resources"):
            if entry.get(name):
                container[name] = entry[name]
        if entry.get("env"):
            container["env"] = [dict(variable) for variable in entry["env"]]
        if entry.get("volumeMounts"):
            container["volumeMounts"] = [
                {"name": _volume_name(f"empty-{mount['volumeName']}"), **_path(mount)}
                for mount in entry["volumeMounts"]
            ]
        return container

    def _mount(self, entry: Json, source: Json, key: str, optional: str | None) -> None:
        name = _volume_name(key)
        volume: Patch = {"name": name, **source}
        if volume not in self._parts.volumes and _maybe(optional, volume) not in (
            self._parts.volumes
        ):
            self._parts.volumes.append(_maybe(optional, volume))
        mount: dict[str, Any] = {"name": name, "mountPath": entry["mountPath"]}
        if entry.get("subPath"):
            mount["subPath"] = entry["subPath"]
        self._parts.mounts.append(_maybe(optional, mount))

    def _name(self, entry: Json, constant: str, parameter: str) -> tuple[Patch, str | None]:
        """Return a name, and the expression that is null where the entry is to be left out."""
        if parameter not in entry:
            if not entry.get(constant):
                raise self._wrong(constant, "is missing; name the object")
            return str(entry[constant]), None
        source: Json = entry[parameter]
        literal = source.get("runtimeValue", {}).get("constant")
        if isinstance(literal, str) and "{{$" not in literal:
            return literal, None
        value = self._resolve(source)
        return Hole(value.text), value.text if value.nullable else None

    def _wrong(self, field_name: str, problem: str) -> InvalidPipelineError:
        return InvalidPipelineError(
            Problem(path=f"{self._path}.{field_name}", message=f"'{field_name}' {problem}")
        )


def _maybe(optional: str | None, element: Patch) -> Patch:
    return element if optional is None else Optional(optional, element)


def _path(mount: Json) -> dict[str, Any]:
    return {"mountPath": mount["mountPath"]}


def _key(kind: str, entry: Json, constant: str, parameter: str) -> str:
    source = entry.get(parameter)
    if source is None:
        return f"{kind}-{entry.get(constant) or sorted(entry.items(), key=str)}"
    literal = source.get("runtimeValue", {}).get("constant")
    return f"{kind}-{literal if isinstance(literal, str) else source}"


def _volume_name(key: str) -> str:
    """Return a valid volume name, distinct for distinct keys (a DNS label of at most 63)."""
    plain = re.sub(r"-+", "-", re.sub(r"[^a-z0-9]", "-", key.lower())).strip("-")
    if plain == key and len(plain) <= 63:
        return plain
    return f"{plain[:50].rstrip('-')}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def no_change(section: str) -> Patch:
    """Return an element for the head of a list that changes nothing when it is merged."""
    return {
        "env": {"name": "ARGOSY", "value": "1"},
        "volumeMounts": {"name": SHARED_VOLUME, "mountPath": SHARED_PATH},
        "volumes": {"name": SHARED_VOLUME},
        "imagePullSecrets": {"name": "argosy"},
        "tolerations": {"key": "argosy", "operator": "Exists"},
    }[section]

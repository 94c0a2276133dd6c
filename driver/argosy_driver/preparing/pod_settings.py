"""``KubernetesExecutorConfig`` as fragments of a Kubernetes pod, its values resolved.

Field by field ``ir-semantics`` 6.2. A setting whose value is ``null`` is left out, except that of a
volume claim. Fields with a ``…Parameter`` win over their constant twins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Final, TypeAlias

from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.values import UNSET, JsonValue, Unset

_LONGEST_NAME: Final = 63

Json: TypeAlias = Mapping[str, Any]

Values: TypeAlias = Callable[[Json, str], "JsonValue | Unset"]
"""Resolves an ``InputParameterSpec``; the text says what it is for, in messages."""


def environment_settings(settings: Json, values: Values) -> list[JsonValue]:
    """Return the variables that come from secrets, config maps and fields of the pod."""
    found: list[JsonValue] = []
    for group, noun, key, reference in (
        ("secretAsEnv", "secret", "secretKey", "secretKeyRef"),
        ("configMapAsEnv", "configMap", "configMapKey", "configMapKeyRef"),
    ):
        for each in settings.get(group, ()):
            name = _name(each, noun, group, values)
            for pair in each.get("keyToEnv", ()) if name is not None else ():
                source: dict[str, JsonValue] = {"name": name, "key": pair.get(key, "")}
                if "optional" in each:
                    source["optional"] = each["optional"]
                found.append({"name": pair.get("envVar", ""), "valueFrom": {reference: source}})
    for each in settings.get("fieldPathAsEnv", ()):
        field = {"fieldPath": each.get("fieldPath", "")}
        found.append({"name": each.get("name", ""), "valueFrom": {"fieldRef": field}})
    return found


def node_selector(settings: Json, values: Values) -> JsonValue:
    """Return the labels that a node must have; ``None``: any will do."""
    selector = settings.get("nodeSelector")
    if selector is None:
        return None
    if "nodeSelectorJson" not in selector:
        return dict(selector.get("labels", {})) or None
    value = values(selector["nodeSelectorJson"], "nodeSelector")
    if value is UNSET or value is None:
        return None
    if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
        raise _wrong("nodeSelector", "an object of strings")
    return dict(value) or None


def tolerations(settings: Json, values: Values) -> JsonValue:
    """Return the tolerations; ``None``: there are none."""
    found: list[JsonValue] = []
    for each in settings.get("tolerations", ()):
        if "tolerationJson" in each:
            found.extend(_tolerations_of(values(each["tolerationJson"], "tolerations")))
            continue
        toleration = {key: value for key, value in each.items() if value != ""}
        if "tolerationSeconds" in toleration:
            toleration["tolerationSeconds"] = int(toleration["tolerationSeconds"])
        if toleration:
            found.append(toleration)
    return found or None


def node_affinity(settings: Json, values: Values) -> JsonValue:
    """Return the ``NodeAffinity``; ``None``: there is none."""
    required: list[JsonValue] = []
    preferred: list[JsonValue] = []
    for each in settings.get("nodeAffinity", ()):
        if "nodeAffinityJson" in each:
            value = values(each["nodeAffinityJson"], "nodeAffinity")
            if value is UNSET or value is None:
                continue
            if not isinstance(value, Mapping):
                raise _wrong("nodeAffinity", "an object")
            must = value.get("requiredDuringSchedulingIgnoredDuringExecution")
            if isinstance(must, Mapping):
                required.extend(_list(must.get("nodeSelectorTerms")))
            preferred.extend(_list(value.get("preferredDuringSchedulingIgnoredDuringExecution")))
            continue
        term = {key: each[key] for key in ("matchExpressions", "matchFields") if each.get(key)}
        if not term:
            continue
        if "weight" in each:
            preferred.append({"weight": each["weight"], "preference": term})
        else:
            required.append(term)
    affinity: dict[str, JsonValue] = {}
    if required:
        affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": required}
    if preferred:
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = preferred
    return affinity or None


def claims(settings: Json, values: Values) -> list[str]:
    """Return the names of the volume claims that are mounted, each once."""
    return list(dict.fromkeys(_claim(each, values) for each in settings.get("pvcMount", ())))


def volumes(settings: Json, values: Values) -> tuple[list[dict[str, Any]], list[JsonValue]]:
    """Return the volumes from claims, secrets and config maps, each once, and their mounts."""
    found: dict[str, dict[str, Any]] = {}
    mounts: list[JsonValue] = []

    def mount(each: Json, name: str, source: dict[str, Any]) -> None:
        volume = next(
            each
            for each in _volume_names(name)
            if found.get(each, {"name": each, **source}) == {"name": each, **source}
        )
        found[volume] = {"name": volume, **source}
        entry: dict[str, JsonValue] = {"name": volume, "mountPath": each.get("mountPath", "")}
        if each.get("subPath"):
            entry["subPath"] = each["subPath"]
        mounts.append(entry)

    for each in settings.get("pvcMount", ()):
        claim = _claim(each, values)
        mount(each, claim, {"persistentVolumeClaim": {"claimName": claim}})
    for each in settings.get("secretAsVolume", ()):
        name = _name(each, "secret", "secretAsVolume", values)
        if name is not None:
            optional = each.get("optional", False)
            mount(each, name, {"secret": {"secretName": name, "optional": optional}})
    for each in settings.get("configMapAsVolume", ()):
        name = _name(each, "configMap", "configMapAsVolume", values)
        if name is not None:
            optional = each.get("optional", False)
            mount(each, name, {"configMap": {"name": name, "optional": optional}})
    return list(found.values()), mounts


def _name(each: Json, noun: str, group: str, values: Values) -> str | None:
    """Return the name of a secret or config map; ``None``: it is ``null``."""
    if f"{noun}NameParameter" not in each:
        return str(each.get(f"{noun}Name", ""))
    value = values(each[f"{noun}NameParameter"], group)
    if value is UNSET or value is None:
        return None
    if not isinstance(value, str) or not value:
        raise _wrong(group, "a name")
    return value


def _claim(each: Json, values: Values) -> str:
    if "pvcNameParameter" in each:
        value = values(each["pvcNameParameter"], "pvcMount")
    elif "constant" in each:
        value = each["constant"]
    else:  # fields of the SDK's earlier releases
        value = values(each, "pvcMount")
    if not isinstance(value, str) or not value:
        raise _wrong("pvcMount", "the name of a claim")
    return value


def _tolerations_of(value: JsonValue | Unset) -> list[JsonValue]:
    if value is UNSET or value is None:
        return []
    if isinstance(value, Mapping):
        return [value] if value else []
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _wrong("tolerations", "an object or a list of objects")
    return [each for item in value for each in _tolerations_of(item)]


def _list(value: JsonValue) -> Sequence[JsonValue]:
    return () if value is None or isinstance(value, str) else list(value)  # type: ignore[arg-type]


def _volume_names(name: str) -> Iterator[str]:
    """Yield names that Kubernetes takes for volumes, the later ones where the first are taken.

    Those of its objects may be longer, and a secret, a config map and a claim may share one.
    """
    plain = re.sub("[^a-z0-9-]+", "-", name.lower())[:_LONGEST_NAME].strip("-") or "volume"
    yield plain
    for number in count(2):
        mark = f"-{number}"
        yield f"{plain[: _LONGEST_NAME - len(mark)]}{mark}"


def _wrong(setting: str, wanted: str) -> FinalTaskError:
    return FinalTaskError(
        f"Kubernetes setting '{setting}' needs {wanted}; see the value that it is taken from",
        reason=Reason.INVALID_INPUT,
    )

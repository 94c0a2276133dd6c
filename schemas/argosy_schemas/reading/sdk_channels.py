"""Texts in which the KFP SDK leaves its own notation for a parameter or an output.

``{{channel:task=T;name=N;type=…;}}`` is what an f-string holds while the SDK runs the function of a
pipeline. In some fields the SDK replaces it by a placeholder, and adds an input to the task. In the
others, such as environment variables, items of loops and names for Kubernetes, it stays, and KFP
takes it for text. Here it becomes the placeholder if the task has an input with that value;
otherwise it is a problem of the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from argosy_schemas.findings import Findings, Path
from argosy_schemas.ir.platform import KUBERNETES

Json = Mapping[str, Any]

MARK: Final = "{{channel:"
"""A file without it has no such text."""

_CHANNEL: Final = re.compile(r"\{\{channel:task=([^;]*);name=([^;]*);type=(.*?);\}\}", re.DOTALL)
_SELECTOR: Final = re.compile(r'parseJson\(string_value\)\["(.*)"\]', re.DOTALL)
_LOOP_ITEM: Final = re.compile(r"(?:.*-)?loop-item(?:-param-\d+)?(?:-subvar-(.+))?", re.DOTALL)
_PREFIX: Final = "pipelinechannel--"

_PASS: Final = "pass it to the task as an input as well"
_WRITE: Final = "let a task write the whole text, and use its output"
_CONSTANT: Final = "write constant text"
_ALONE: Final = "pass one parameter or output alone, without an f-string"

_OWNERS: Final[Mapping[str, int]] = {"root": 4, "components": 5, "deploymentSpec": 3}
"""First step of a path to how many of its steps lead to a task or an executor."""
_NAMES: Final = ("constant", "secretName", "configMapName")
"""Settings for Kubernetes that take parameters."""


@dataclass(frozen=True, slots=True)
class _Given:
    """The parameters that a task is given, by channel."""

    task: str
    inputs: Mapping[str, str]
    """The name of the input with the value of the channel."""
    sources: Mapping[str, Json]
    """Where that input comes from."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A place where a text stands."""

    name: str
    """What messages call it."""
    todo: str
    """What to do where it cannot have the value."""
    takes_placeholders: bool = True


_FIELDS: Final[Mapping[Path, _Field]] = {
    ("container", "image"): _Field("the image", _PASS),
    ("container", "resources"): _Field("an amount of resources", _PASS),
    ("importer", "artifactUri"): _Field("the URI to import", _WRITE),
    ("importer", "metadata"): _Field("the metadata to import", _WRITE),
    ("parameterIterator",): _Field(
        "the list of the loop", "let a task write the list, and loop over its output"
    ),
    ("triggerPolicy",): _Field("the condition", _WRITE, takes_placeholders=False),
    ("taskInfo",): _Field("the display name", _CONSTANT, takes_placeholders=False),
    ("cachingOptions",): _Field("the cache key", _CONSTANT, takes_placeholders=False),
}
"""Start of the path inside a task or an executor to the field; other texts stay as they are, such
as the source of a Python function."""


def resolve_channels(
    spec: Json, platform: Json, findings: Findings, platform_findings: Findings
) -> tuple[Json, Json]:
    """Return both documents with placeholders in place of the SDK's notation.

    Args:
        spec: The canonical pipeline spec.
        platform: The canonical ``kubernetes`` member of the platform spec.
        findings: Receives the texts of ``spec`` whose values do not reach their task.
        platform_findings: Receives those of ``platform``.
    """
    components: Json = spec.get("components", {})
    givens: dict[Path, list[_Given]] = {}
    holders: dict[Path, Json] = {("root",): spec.get("root", {})}
    holders |= {("components", name): component for name, component in components.items()}
    for path, holder in holders.items():
        for key, task in holder.get("dag", {}).get("tasks", {}).items():
            given = _read_given(key, task)
            givens[(*path, "dag", "tasks", key)] = [given]
            used: Json = components.get(task.get("componentRef", {}).get("name", ""), {})
            if label := used.get("executorLabel"):
                givens.setdefault(("deploymentSpec", "executors", label), []).append(given)
    return (
        _Rewriter(spec, givens, findings).rewrite(spec),
        _PlatformRewriter(platform, givens, platform_findings).rewrite(platform),
    )


def _read_given(key: str, task: Json) -> _Given:
    inputs: dict[str, str] = {}
    sources: dict[str, Json] = {}
    for name, source in task.get("inputs", {}).get("parameters", {}).items():
        channel = _name_source(source)
        if channel:
            inputs.setdefault(channel, name)
            sources.setdefault(channel, source)
    return _Given(task=key, inputs=inputs, sources=sources)


def _name_source(source: Json) -> str:
    """Return the name that the SDK gives to the channel of a source; empty if it is none."""
    output: Json = source.get("taskOutputParameter", {})
    if output:
        name = f"{output.get('producerTask', '')}-{output.get('outputParameterKey', '')}"
    else:
        name = str(source.get("componentInputParameter", "")).removeprefix(_PREFIX)
    selector = source.get("parameterExpressionSelector")
    if name and selector:
        part = _SELECTOR.fullmatch(selector)
        return f"{name}-subvar-{part[1]}" if part else ""
    return name


@dataclass(frozen=True, slots=True)
class _Rewriter:
    """Rewrites the texts of a pipeline spec."""

    document: Json
    givens: Mapping[Path, Sequence[_Given]]
    """Path of a task, or of an executor, to what the task, or each that runs it, is given."""
    findings: Findings

    def rewrite(self, value: Any, path: Path = ()) -> Any:
        """Return a part of the document with its texts rewritten."""
        if isinstance(value, str):
            return self._rewrite_text(value, path)
        if isinstance(value, list):
            items = cast("list[object]", value)
            return [self.rewrite(item, (*path, index)) for index, item in enumerate(items)]
        if isinstance(value, Mapping):
            return self._rewrite_object(cast("Json", value), path)
        return value

    def _rewrite_object(self, members: Json, path: Path) -> Json:
        return {
            self._rewrite_text(key, (*path, key)): self.rewrite(item, (*path, key))
            for key, item in members.items()
        }

    def _rewrite_text(self, text: str, path: Path) -> str:
        if MARK not in text:
            return text
        owner = _OWNERS.get(str(path[0]), 0)
        givens, inside = self.givens.get(path[:owner], ()), path[owner:]
        field = self._name_field(inside, path) if givens else None
        if field is None:
            return text

        def replaced(match: re.Match[str]) -> str:
            names = {given.inputs.get(_name_channel(match)) for given in givens}
            name = names.pop()
            if field.takes_placeholders and name is not None and not names:
                return "{{$.inputs.parameters['" + name + "']}}"
            self._add_finding(path, givens[0].task, field, match)
            return match[0]

        return _CHANNEL.sub(replaced, text)

    def _name_field(self, inside: Path, path: Path) -> _Field | None:
        """Return the field that a text of a task or executor is in; ``None``: it stays."""
        match inside:
            case ("inputs", "parameters", name, *_):
                return _Field(f"input '{name}'", _PASS)
            case ("container", "env", *_):
                variable: Any = self.document
                for step in path[:-1]:
                    variable = variable[step]
                return _Field(f"environment variable '{variable.get('name', '')}'", _PASS)
            case _:
                for start, field in _FIELDS.items():
                    if inside[: len(start)] == start:
                        return field
                return None

    def _add_finding(self, path: Path, task: str, field: _Field, match: re.Match[str]) -> None:
        if "@" in match[3]:
            problem, todo = "is an artifact, not text", "pass it as an input artifact"
        elif field.takes_placeholders:
            problem, todo = "is not an input of the task", field.todo
        else:
            problem, todo = "has no value there", field.todo
        self.findings.add(
            path, f"Task '{task}': {field.name} holds {_describe(match)}, which {problem}; {todo}"
        )


class _PlatformRewriter(_Rewriter):
    """Rewrites the texts of the ``kubernetes`` member of a platform spec."""

    def _rewrite_object(self, members: Json, path: Path) -> Json:
        source = self._find_source(_read_constant(members), path)
        if source is not None:
            return source
        return super()._rewrite_object(_without_twins(members), path)

    def _find_source(self, text: str, path: Path) -> Json | None:
        """Return the source of the parameter that is the whole text; ``None`` if there is none."""
        match = _CHANNEL.fullmatch(text)
        if match is None:
            return None
        name = _name_channel(match)
        found = [given.sources.get(name) for given in self.givens.get(path[:3], ())]
        return found[0] if found and all(each == found[0] for each in found) else None

    def _name_field(self, inside: Path, path: Path) -> _Field | None:
        todo = _ALONE if inside[-1] in _NAMES else _CONSTANT
        return _Field(f"'{inside[0]}' of Kubernetes", todo, takes_placeholders=False)

    def _add_finding(self, path: Path, task: str, field: _Field, match: re.Match[str]) -> None:
        super()._add_finding((*KUBERNETES, *path), task, field, match)


def _name_channel(match: re.Match[str]) -> str:
    return f"{match[1]}-{match[2]}" if match[1] else match[2]


def _describe(match: re.Match[str]) -> str:
    item = _LOOP_ITEM.fullmatch(match[2])
    if item is not None:
        return f"'{item[1]}' of the loop's item" if item[1] else "the loop's item"
    if match[1]:
        return f"output '{match[2]}' of task '{match[1]}'"
    return f"parameter '{match[2]}'"


def _read_constant(source: Any) -> str:
    """Return the text that a source of a parameter is; empty if it is none."""
    match source:
        case {"runtimeValue": {"constant": str(text)}}:
            return text
        case _:
            return ""


def _without_twins(members: Json) -> Json:
    """Return a setting without the members that repeat a parameter for older releases of KFP."""
    repeated = [
        _read_constant(value) for name, value in members.items() if name.endswith("Parameter")
    ]
    return {
        name: value
        for name, value in members.items()
        if not (isinstance(value, str) and MARK in value and value in repeated)
    }

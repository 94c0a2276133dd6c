"""The values of placeholders in the command, arguments and environment of one task.

Source: ``ir-semantics`` 2.7. The placeholder of a declared input without a value is replaced by the
empty text; that of an undeclared input stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from argosy_driver.preparing.executor_input import SeenArtifact, output_to_json
from argosy_driver.resolving.placeholders import Lookup, Segments
from argosy_schemas.formats.step import OutputArtifact, OutputParameter
from argosy_schemas.ir.parameters import to_text
from argosy_schemas.values import JsonValue, to_json


@dataclass(frozen=True, kw_only=True)
class TaskPlaceholders:
    """The lookup for placeholders of one task.

    See :data:`argosy_driver.resolving.placeholders.Lookup`.
    """

    run_lookup: Lookup
    """The lookup for placeholders of the run."""
    declared: Collection[str]
    """The names of all inputs that the component declares."""
    parameters: Mapping[str, JsonValue]
    artifacts: Mapping[str, Sequence[SeenArtifact]]
    output_parameters: Sequence[OutputParameter]
    output_artifacts: Sequence[OutputArtifact]
    output_file: str
    executor_input: Callable[[], JsonValue]

    def __call__(self, segments: Segments) -> str | None:
        """Return the value of a placeholder; ``None`` if it has none."""
        match segments:
            case ():
                return self._executor_input
            case ("inputs", "parameters", name):
                if name in self.parameters:
                    return to_text(self.parameters[name])
                return "" if name in self.declared else None
            case ("inputs", "artifacts", name, *rest):
                if name not in self.artifacts and name not in self.declared:
                    return None
                return _of_inputs(self.artifacts.get(name, ()), rest)
            case ("outputs", "artifacts", name, *rest):
                found = [each for each in self.output_artifacts if each.name == name]
                return _of_output(found[0], rest) if found else None
            case ("outputs", "parameters", name, "output_file"):
                files = [each.path for each in self.output_parameters if each.name == name]
                return files[0] if files else None
            case ("outputs", "output_file") | ("outputMetadataUri",):
                return self.output_file
            case ("json_escape", times) if times.isdecimal() and len(times) == 1:
                # Google's components nest the message in JSON texts inside JSON texts.
                text = self._executor_input
                for _ in range(int(times)):
                    text = json.dumps(text)[1:-1]
                return text
            case _:
                return self.run_lookup(segments)

    def is_present(self, name: str) -> bool:
        """Return whether an input has a value or a default, for ``IfPresent``."""
        return self.parameters.get(name) is not None or name in self.artifacts

    @cached_property
    def _executor_input(self) -> str:
        return to_json(self.executor_input())


def is_known_late(segments: Segments) -> bool:
    """Return whether the value of a placeholder is known only where the component runs."""
    return (
        not segments
        or segments[0] in ("outputs", "outputMetadataUri", "json_escape")
        or (segments[:2] == ("inputs", "artifacts"))
    )


def _of_inputs(items: Sequence[SeenArtifact], rest: Sequence[str]) -> str | None:
    if not rest:
        return to_json([item.to_json() for item in items])
    if not items:
        return ""
    first = items[0]
    match rest:
        case ["path"]:
            return first.location.path
        case [attribute]:
            return _attribute(first.to_json(), attribute)
        case ["metadata", key]:
            return _metadata(first.artifact.metadata, key)
        case _:
            return None


def _of_output(output: OutputArtifact, rest: Sequence[str]) -> str | None:
    match rest:
        case []:
            return to_json([output_to_json(output)])
        case ["path"]:
            return output.path
        case [attribute]:
            return _attribute(output_to_json(output), attribute)
        case ["metadata", key]:
            return _metadata(output.metadata, key)
        case _:
            return None


def _attribute(artifact: Mapping[str, JsonValue], name: str) -> str | None:
    return to_text(artifact[name]) if name in ("name", "uri", "metadata") else None


def _metadata(metadata: Mapping[str, JsonValue], key: str) -> str | None:
    return to_text(metadata[key]) if key in metadata else None

"""URIs and paths of artifacts that a component passes on as parameters.

A component sees its artifacts at places that are gone when the task has ended: in a directory of
the task on a laptop, in a volume of the pod on a cluster. A parameter that is such a place, or lies
below it, is recorded as the URI at which the artifact is stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from argosy_launcher.outputs.collecting import CollectedArtifact
from argosy_schemas.formats.step import Step
from argosy_schemas.pod import WORKSPACE_MARK
from argosy_schemas.sdk_paths import find_sdk_path
from argosy_schemas.values import JsonValue

_JSON_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


def find_stored_uris(step: Step, collected: Iterable[CollectedArtifact]) -> dict[str, str]:
    """Return the stored URIs of a task's artifacts by the places at which its component sees them.

    An artifact in the workspace is left out, since the workspace lasts as long as the run, and so
    is a path that the component chose.
    """
    found: dict[str, str] = {}

    def add(place: str | None, stored: str) -> None:
        plain = _strip_place(place or "")
        if plain and plain != _strip_place(stored):
            found[plain] = stored

    for seen, artifact in step.seen_artifacts.items():
        if artifact.metadata.get(WORKSPACE_MARK) is not True:
            add(seen, artifact.uri)
            add(find_sdk_path(seen), artifact.uri)
    for output in step.output_artifacts:
        add(output.seen_uri, output.uri)
        add(output.path, output.uri)
    for each in collected:
        if not each.artifact.custom_path:
            add(each.path, each.artifact.uri)
    return found


def make_lasting(value: JsonValue, stored_uris: Mapping[str, str]) -> JsonValue:
    """Return a parameter with stored URIs in place of what :func:`find_stored_uris` found."""
    if not stored_uris:
        return value
    if isinstance(value, str):
        return _make_lasting_text(value, stored_uris)
    if isinstance(value, Mapping):
        return {
            _make_lasting_text(key, stored_uris): make_lasting(item, stored_uris)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [make_lasting(item, stored_uris) for item in value]
    return value


def _make_lasting_text(text: str, stored_uris: Mapping[str, str]) -> str:
    if text.lstrip()[:1] in ("[", "{") and any(place in text for place in stored_uris):
        # Only the strings in a JSON text, so that the rest stays as it was written.
        return _JSON_STRING.sub(lambda match: _make_lasting_string(match[0], stored_uris), text)
    # 'echo' ends a line after the text.
    line = text.rstrip("\r\n")
    plain = line.removeprefix("file://")
    if ".." in plain.split("/"):
        return text
    places = [each for each in stored_uris if plain == each or plain.startswith(f"{each}/")]
    if not places:
        return text
    place = max(places, key=len)
    return stored_uris[place].rstrip("/") + plain[len(place) :] + text[len(line) :]


def _make_lasting_string(string: str, stored_uris: Mapping[str, str]) -> str:
    """Return a string of a JSON text; as it is, if it is no place of an artifact."""
    try:
        text = str(json.loads(string))
    except ValueError:
        return string
    lasting = _make_lasting_text(text, stored_uris)
    return string if lasting == text else json.dumps(lasting)


def _strip_place(place: str) -> str:
    return place.removeprefix("file://").rstrip("/")

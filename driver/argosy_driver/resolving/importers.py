"""The artifact of an importer, computed from the IR and the inputs of the task.

An importer needs no pod: every reader computes its artifact, and all readers get the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from argosy_driver.resolving.placeholders import Lookup, find_placeholders, substitute
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Artifact, Reason
from argosy_schemas.ir.model import Constant, ImporterExecutor
from argosy_schemas.names import ArtifactUri, TaskPath
from argosy_schemas.pod import WORKSPACE_MARK
from argosy_schemas.values import UNSET, JsonValue, Unset


def make_imported_artifact(
    importer: ImporterExecutor,
    *,
    name: str,
    task_path: TaskPath,
    parameter: Callable[[str], JsonValue | Unset],
    lookup: Lookup,
) -> Artifact:
    """Return the artifact that an importer registers.

    Args:
        importer: The executor.
        name: The output of the component.
        task_path: The task, for error messages.
        parameter: Returns an input parameter of the task by name.
        lookup: The values of placeholders in URI and metadata.

    Raises:
        FinalTaskError: The URI is missing.
    """
    uri: JsonValue | Unset
    if isinstance(importer.uri, Constant):
        uri = importer.uri.value
        uri = substitute(uri, lookup) if isinstance(uri, str) else uri
    else:
        uri = parameter(importer.uri.name)
    if not isinstance(uri, str) or not uri:
        raise FinalTaskError(
            f"task '{task_path}': the URI to import is {'not text' if uri else 'empty'}; "
            "give the importer an artifact_uri",
            reason=Reason.INVALID_INPUT,
        )
    metadata = {
        substitute(key, lookup): _with_types(value, parameter, lookup)
        for key, value in importer.metadata.items()
    }
    if importer.download_to_workspace:
        metadata[WORKSPACE_MARK] = True
    return Artifact(name=name, uri=ArtifactUri(uri), type=importer.type, metadata=metadata)


def _with_types(
    value: JsonValue, parameter: Callable[[str], JsonValue | Unset], lookup: Lookup
) -> JsonValue:
    """Return ``value`` with placeholders replaced, a lone parameter by its value, not its text.

    The SDK writes ``metadata={'rows': count}`` as a lone placeholder, and promises a number.
    """
    if isinstance(value, str):
        found = find_placeholders(value)
        if len(found) == 1 and found[0][:2] == ("inputs", "parameters"):
            name = found[0][-1]
            if value == "{{$.inputs.parameters['" + name + "']}}":
                alone = parameter(name)
                return value if alone is UNSET else alone
        return substitute(value, lookup)
    if isinstance(value, Mapping):
        return {
            substitute(key, lookup): _with_types(item, parameter, lookup)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_with_types(item, parameter, lookup) for item in value]
    return value

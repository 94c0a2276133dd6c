"""The compiled workflow as text: JSON, or YAML for people.

Everything passes through Hera's models of Argo's objects, which are made from Argo's own API: a
field that they do not know, or a value of another type, never leaves the compiler. Equal workflows
give equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.linting.subject import as_list, as_object
from argosy_schemas.values import JsonValue, to_json

if TYPE_CHECKING:
    from pydantic import BaseModel

_PLAIN = re.compile(r"[A-Za-z_/][-A-Za-z0-9_./]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What some reader of YAML takes for something else than text, in any case."""


class TextFormat(StrEnum):
    """In which language a workflow is written."""

    JSON = "json"
    YAML = "yaml"


class UnknownFieldError(AssertionError):
    """The compiler wrote something that Argo's API does not have: a fault of the compiler."""


def emit(compiled: CompiledPipeline, text_format: TextFormat = TextFormat.JSON) -> str:
    """Return the documents of a compilation, the ``ConfigMap`` of its IR first if it has one.

    Several documents follow each other as ``kubectl`` reads them: JSON texts in a row, YAML with
    ``---`` between.

    Raises:
        UnknownFieldError: The workflow is not one of Argo's.
    """
    documents = [to_document(to_model(compiled.workflow))]
    if compiled.config_map is not None:
        documents.insert(0, dict(compiled.config_map))
    if text_format is TextFormat.JSON:
        return "".join(f"{to_json(document)}\n" for document in documents)
    return "---\n".join(_to_yaml(document) for document in documents)


def to_model(workflow: Mapping[str, JsonValue]) -> BaseModel:
    """Return a Workflow, WorkflowTemplate or CronWorkflow as Hera's model of it.

    Raises:
        UnknownFieldError: It says something that the model does not.
    """
    # 0.4 s and 40 MB: only who writes a workflow pays for it.
    from hera.workflows.models import CronWorkflow, Workflow, WorkflowTemplate
    from pydantic import ValidationError

    kinds: Mapping[object, type[BaseModel]] = {
        each.__name__: each for each in (Workflow, WorkflowTemplate, CronWorkflow)
    }
    kind = workflow["kind"]
    try:
        model = kinds[kind].model_validate(workflow)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise UnknownFieldError(f"this is not a {kind}: {'; '.join(faults)}") from error
    kept = to_document(model)
    if to_json(kept) != to_json(workflow):
        lost = sorted(set(_walk_leaves(workflow, "workflow")) - set(_walk_leaves(kept, "workflow")))
        raise UnknownFieldError(f"Argo has no such fields: {', '.join(path for path, _ in lost)}")
    return model


def to_document(model: BaseModel) -> dict[str, Any]:
    """Return a workflow as JSON, with the fields that were set and in their order."""
    document: dict[str, Any] = model.model_dump(by_alias=True, exclude_unset=True, mode="json")
    return document


def _walk_leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield path and JSON of each leaf: whatever is not an object or list with members."""
    members, items = as_object(value), as_list(value)
    for name, inner in (members or {}).items():
        yield from _walk_leaves(inner, f"{path}.{name}")
    for number, inner in enumerate(items or ()):
        yield from _walk_leaves(inner, f"{path}.{number}")
    if not members and not items:
        yield path, to_json(value)


def _to_yaml(document: object) -> str:
    import yaml

    base: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    # A class of our own: representers belong to classes.
    dumper_class: Any = type("_Dumper", (base,), {})

    def represent(dumper: Any, text: str) -> Any:
        # Quoted where any reader of YAML could take it for something else.
        is_plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
        style = None if is_plain else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    dumper_class.add_representer(str, represent)
    written: str = yaml.dump(
        document, Dumper=dumper_class, sort_keys=False, allow_unicode=True, width=2**20
    )
    return written

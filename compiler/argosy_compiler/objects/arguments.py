"""Give a compiled workflow values for its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from argosy_schemas.checking.run_parameters import check_arguments
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.ir.model import ParameterType, Pipeline
from argosy_schemas.values import JsonValue, escape_tags


def give_arguments(
    workflow: Mapping[str, JsonValue], pipeline: Pipeline, texts: Mapping[str, str]
) -> dict[str, JsonValue]:
    """Return the workflow with values for some of the pipeline's parameters and input artifacts.

    Args:
        workflow: Of the kind ``Workflow``.
        pipeline: What it was compiled from.
        texts: By name: a STRING and the URI of an artifact as it is, every other type as JSON.

    Raises:
        InvalidArgumentError: The pipeline has no such parameter, or it takes no such value; one
            line for each.
    """
    check_arguments(pipeline, texts)
    document: dict[str, Any] = dict(workflow)
    spec: dict[str, Any] = document["spec"]
    given = {name: escape_argument(name, text, pipeline) for name, text in texts.items()}
    parameters = [
        {**one, "value": given.pop(one["name"])} if one["name"] in given else one
        for one in spec["arguments"]["parameters"]
    ]
    # Not declared are those that drivers take from the IR unless somebody gives them.
    parameters += [{"name": name, "value": text} for name, text in given.items()]
    return {**document, "spec": {**spec, "arguments": {"parameters": parameters}}}


def escape_argument(name: str, text: str, pipeline: Pipeline) -> str:
    """Return a value in which no tag of Argo begins.

    Raises:
        InvalidArgumentError: One does, and the type has no escape for it.
    """
    if "{{" not in text:
        return text
    spec = pipeline.root.inputs.parameters.get(name)
    if spec is None or spec.type is ParameterType.STRING:
        raise InvalidArgumentError(
            f"parameter '{name}' has '{{{{' in its value, where a tag begins for Argo; write it "
            "without"
        )
    return escape_tags(text)

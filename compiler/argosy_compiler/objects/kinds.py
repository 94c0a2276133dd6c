"""Compiled pipelines as the kinds of objects that Argo runs workflows from.

A ``WorkflowTemplate`` has one template more, :data:`RUN_TEMPLATE`: a step of somebody's own
workflow refers to it by ``templateRef``. It makes a Workflow of the pipeline and waits for its end,
because the pods of a pipeline belong to a run, whose id is the UID of a Workflow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from argosy_compiler.argo.cluster_names import SUBDOMAIN_ADVICE, is_subdomain
from argosy_compiler.argo.expressions import part_braces_in_json
from argosy_compiler.argo.template_names import RUN_TEMPLATE
from argosy_compiler.objects.schedules import Schedule
from argosy_expressions.terms import quote
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.pod import IR_PARAMETER, STORE_PARAMETER
from argosy_schemas.values import JsonValue, to_json

_LONGEST_NAME: Final = 63
"""Of a WorkflowTemplate: its name becomes a label of the workflows that are made from it."""
_LONGEST_CRON_NAME: Final = 52
"""Argo adds eleven characters to the name of a CronWorkflow (``workflow/validate/validate.go``)."""


class WorkflowKind(StrEnum):
    """What a compilation is written as."""

    WORKFLOW = "Workflow"
    """Runs when it is created."""
    TEMPLATE = "WorkflowTemplate"
    """Runs when somebody makes a workflow from it."""
    CRON = "CronWorkflow"
    """Runs by a schedule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectOptions:
    """Which object is made of a workflow."""

    kind: WorkflowKind = WorkflowKind.WORKFLOW
    name: str | None = None
    """``None``: made from the name of the pipeline; that of a Workflow gets five characters more,
    which differ each time."""
    schedule: Schedule | None = None
    """Of a ``CronWorkflow``, and of nothing else."""


def make_object(workflow: Mapping[str, JsonValue], options: ObjectOptions) -> dict[str, JsonValue]:
    """Return the object that holds a compiled workflow.

    Args:
        workflow: As the compiler returns it: of the kind ``Workflow``, with a ``generateName``.
        options: Which object.

    Raises:
        InvalidArgumentError: The options do not fit together, the name is none that the object can
            have, or a ``CronWorkflow`` lacks the value of a parameter.
    """
    if (options.kind is WorkflowKind.CRON) != (options.schedule is not None):
        raise InvalidArgumentError(
            "a CronWorkflow needs --schedule, and only a CronWorkflow has it"
        )
    document: dict[str, Any] = dict(workflow)
    metadata: dict[str, Any] = dict(document["metadata"])
    generated: str = metadata.pop("generateName", "pipeline-")  # a patch may remove it
    if options.kind is WorkflowKind.WORKFLOW:
        name = {"generateName": generated} if options.name is None else {"name": options.name}
    else:
        name = {"name": options.name or _cut_name(generated.removesuffix("-"), options.kind)}
    _check_name(options)
    document |= {"kind": options.kind.value, "metadata": {**name, **metadata}}
    spec: dict[str, Any] = document["spec"]
    match options.kind:
        case WorkflowKind.WORKFLOW:
            pass
        case WorkflowKind.TEMPLATE:
            # Those of the object are not those of the workflows that are made from it.
            document["spec"] = {
                **spec,
                "workflowMetadata": metadata,
                "templates": [*spec["templates"], _make_run_template(spec, name["name"])],
            }
        case WorkflowKind.CRON:
            assert options.schedule is not None
            _require_values(spec)
            document["spec"] = {
                **options.schedule.to_json(),
                "workflowMetadata": metadata,
                "workflowSpec": spec,
            }
    return document


def _check_name(options: ObjectOptions) -> None:
    name = options.name
    longest = _get_longest_name(options.kind)
    if name is not None and (len(name) > longest or not is_subdomain(name)):
        raise InvalidArgumentError(
            f"--name {name!r} cannot be the name of a {options.kind}; {SUBDOMAIN_ADVICE}, and at "
            f"most {longest} characters"
        )


def _cut_name(name: str, kind: WorkflowKind) -> str:
    return name[: _get_longest_name(kind)].rstrip("-.")


def _get_longest_name(kind: WorkflowKind) -> int:
    return _LONGEST_CRON_NAME if kind is WorkflowKind.CRON else _LONGEST_NAME


def _require_values(spec: Mapping[str, Any]) -> None:
    missing = [one["name"] for one in spec["arguments"]["parameters"] if "value" not in one]
    if missing:
        raise InvalidArgumentError(
            "nobody gives parameters to the runs of a CronWorkflow: give a value now, with "
            + " ".join(
                "--store URL" if name == STORE_PARAMETER else f"-p {name}=…" for name in missing
            )
        )


def _make_run_template(spec: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the template that makes a Workflow from the object and waits for its end.

    The Workflow is deleted with the one that made it. Its outputs are those that Argo shows at its
    first node.
    """
    (root,) = (one for one in spec["templates"] if one["name"] == spec["entrypoint"])
    outputs = [one["name"] for one in root.get("outputs", {}).get("parameters", ())]
    declared = [one for one in spec["arguments"]["parameters"] if one["name"] != IR_PARAMETER]
    template: dict[str, Any] = {
        "name": RUN_TEMPLATE,
        "inputs": {"parameters": [_make_input(one) for one in declared]},
        "resource": {
            "action": "create",
            "setOwnerReference": True,
            "manifest": _make_manifest(name, [one["name"] for one in declared]),
            "successCondition": "status.phase == Succeeded",
            "failureCondition": "status.phase in (Failed, Error)",
        },
    }
    if outputs:
        template["outputs"] = {"parameters": [*_make_outputs(outputs)]}
    return template


def _make_input(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """Return an input whose default is the parameter's value: in an input, a value is fixed."""
    made = {"name": parameter["name"]}
    return {**made, "default": parameter["value"]} if "value" in parameter else made


def _make_manifest(name: str, parameters: Sequence[str]) -> str:
    """Return the Workflow as JSON text, with an expression in place of each value.

    Two braces in a row would begin or end a tag, so that a space is between others.
    """
    arguments = ",".join(
        f'{{"name":{to_json(each)},"value":{{{{={_make_value_expression(each)}}}}} }}'
        for each in parameters
    )
    return (
        '{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow",'
        f'"metadata":{{"generateName":{to_json(f"{name}-")}}},'
        f'"spec":{{"workflowTemplateRef":{{"name":{to_json(name)}}},'
        f'"arguments":{{"parameters":[{arguments}]}} }} }}'
    )


def _make_value_expression(parameter: str) -> str:
    return part_braces_in_json(f"toJson(inputs.parameters[{quote(parameter)}])")


def _make_outputs(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    for name in names:
        shown = ".status.nodes[.metadata.name].outputs.parameters"
        value = f"{shown}[]? | select(.name == {to_json(name)}).value"
        yield {"name": name, "valueFrom": {"jqFilter": value, "default": ""}}

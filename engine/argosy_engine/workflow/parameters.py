"""Read inputs, outputs and arguments, which are parameters: artifacts never pass through Argo."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from argosy_engine.workflow.fields import Field, Object, parse_expression
from argosy_engine.workflow.model import Output
from argosy_expressions.argo import check

_PARAMETERS = frozenset({"parameters"})


def read_inputs(template: Object, field: Field) -> dict[str, str | None]:
    """Return the input parameters of a template with their defaults."""
    return {
        name: here.get_optional_text(one, "default")
        for name, one, here in _read_parameters(template, "inputs", field, "default")
    }


def read_arguments(
    task: Object, field: Field, read: Callable[[str, Field], str]
) -> Iterator[tuple[str, str]]:
    """Yield the arguments of a task, each passed through ``read``."""
    for name, one, here in _read_parameters(task, "arguments", field, "value"):
        yield name, read(here.get_text(one, "value"), field.at(name))


def read_workflow_arguments(spec: Object, field: Field) -> dict[str, str | None]:
    """Return the parameters of the workflow with their values."""
    return {
        name: here.get_optional_text(one, "value")
        for name, one, here in _read_parameters(spec, "arguments", field, "value")
    }


def read_dag_outputs(template: Object, field: Field) -> Iterator[Output]:
    """Yield the outputs of a DAG."""
    for name, source, here in _read_sources(template, field, "expression"):
        expression = here.get_text(source, "expression")
        parse_expression(check, expression, here)
        default = here.get_optional_text(source, "default")
        yield Output(name=name, expression=expression, default=default)


def read_pod_outputs(template: Object, field: Field) -> Iterator[Output]:
    """Yield the outputs of a pod."""
    for name, source, here in _read_sources(template, field, "path"):
        yield Output(name=name, default=here.get_optional_text(source, "default"))


def _read_sources(
    template: Object, field: Field, source: str
) -> Iterator[tuple[str, Object, Field]]:
    for name, one, here in _read_parameters(template, "outputs", field, "valueFrom"):
        value = here.get_object(one, "valueFrom")
        here.refuse_unknown(value, {source, "default"})
        yield name, value, here


def _read_parameters(
    holder: Object, group: str, field: Field, member: str
) -> Iterator[tuple[str, Object, Field]]:
    """Yield the parameters of a group, whose only other member than the name is ``member``."""
    value, here = field.get_object(holder, group), field.at(group)
    here.refuse_unknown(value, _PARAMETERS)
    for name, one in here.get_named(value, "parameters"):
        here.at(name).refuse_unknown(one, {"name", member})
        yield name, one, here.at(name)

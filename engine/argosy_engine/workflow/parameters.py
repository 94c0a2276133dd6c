"""Read inputs, outputs and arguments: parameters, for artifacts never pass through Argo."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from argosy_engine.workflow.fields import Object, Place, checked
from argosy_engine.workflow.model import Output
from argosy_expressions.argo import check

_PARAMETERS = frozenset({"parameters"})


def inputs_of(template: Object, place: Place) -> dict[str, str | None]:
    """Return the input parameters of a template with their defaults."""
    return {
        name: here.optional_text(one, "default")
        for name, one, here in _parameters(template, "inputs", place, "default")
    }


def arguments_of(
    task: Object, place: Place, read: Callable[[str, Place], str]
) -> Iterator[tuple[str, str]]:
    """Yield what a task gives its template, as ``read`` returns it."""
    for name, one, here in _parameters(task, "arguments", place, "value"):
        yield name, read(here.text(one, "value"), place.at(name))


def values_of(spec: Object, place: Place) -> dict[str, str | None]:
    """Return the parameters of the workflow with their values."""
    return {
        name: here.optional_text(one, "value")
        for name, one, here in _parameters(spec, "arguments", place, "value")
    }


def dag_outputs(template: Object, place: Place) -> Iterator[Output]:
    """Yield what a DAG puts out."""
    for name, source, here in _outputs(template, place, "expression"):
        expression = here.text(source, "expression")
        checked(check, expression, here)
        default = here.optional_text(source, "default")
        yield Output(name=name, expression=expression, default=default)


def pod_outputs(template: Object, place: Place) -> Iterator[Output]:
    """Yield what a pod puts out."""
    for name, source, here in _outputs(template, place, "path"):
        yield Output(name=name, default=here.optional_text(source, "default"))


def _outputs(template: Object, place: Place, source: str) -> Iterator[tuple[str, Object, Place]]:
    for name, one, here in _parameters(template, "outputs", place, "valueFrom"):
        value = here.object_at(one, "valueFrom")
        here.refuse_unknown(value, {source, "default"})
        yield name, value, here


def _parameters(
    holder: Object, field: str, place: Place, member: str
) -> Iterator[tuple[str, Object, Place]]:
    """Yield the parameters of a field, whose only member besides the name is ``member``."""
    given, here = place.object_at(holder, field), place.at(field)
    here.refuse_unknown(given, _PARAMETERS)
    for name, one in here.named(given, "parameters"):
        here.at(name).refuse_unknown(one, {"name", member})
        yield name, one, here.at(name)

"""Tags that are resolved one DAG further in."""

from __future__ import annotations

import pytest

from argosy_expressions.argo import fill
from argosy_expressions.argo.deferred import deferred, recovered
from argosy_expressions.errors import EvaluationError

AROUND = {"tasks": {"ready": {"status": "Succeeded"}}}


@pytest.mark.parametrize(
    "text",
    [
        "{{=tasks['a'].status}}",
        "{{=tasks['a'].status == 'it\\x27s' }} and {{=inputs.parameters.x}}",
        "{{=sprig.b64enc(toJson({'k': {'l': 1} }))}}",
        "{{inputs.parameters.path}}/{{=tasks['a'].status}}",
        "before {{= a == '\\x7b\\x5c' ? 'ü✓' : \"q\" }} after",
    ],
)
def test_what_the_dag_around_resolves_is_the_tag_itself(text: str) -> None:
    later = deferred(text, "ready", handed_on=())

    assert fill(later, AROUND) == text
    assert recovered(later).text == text
    assert recovered(later).gates == {"ready"}


def test_it_cannot_be_resolved_before_the_gate_is_there() -> None:
    later = deferred("{{=tasks['a'].status}}", "ready", handed_on=())

    with pytest.raises(EvaluationError):
        fill(later, {"tasks": {}})


@pytest.mark.parametrize("text", ["", "plain", "{{item}}", "l/{{inputs.parameters.path}}{{item}}"])
def test_what_the_dag_around_knows_as_well_is_left_to_it(text: str) -> None:
    assert deferred(text, "ready", handed_on={"path"}) == text


def test_in_a_loop_it_is_resolved_with_the_item() -> None:
    text = "{{=tasks['a'].status}} of {{inputs.parameters.index}}"

    later = deferred(text, None, handed_on=())

    assert fill(later, {"item": "0"}) == text
    found = recovered(later)
    assert (found.text, found.gates, found.needs_item) == (text, frozenset(), True)


def test_what_was_deferred_can_be_deferred_again() -> None:
    text = "{{=tasks['a'].status == 'it\\x27s'}}"

    once = deferred(text, "ready", handed_on=())
    twice = deferred(once, "ready", handed_on=())

    assert fill(twice, AROUND) == once
    assert recovered(recovered(twice).text).text == text


@pytest.mark.parametrize(
    "text", ["plain", "{{=tasks['ready'].status}}", "{{=tasks['r'].status == 'Failed' ? 'x' : ''}}"]
)
def test_a_tag_that_was_not_deferred_stays(text: str) -> None:
    assert recovered(text).text == text
    assert recovered(text).gates == frozenset()

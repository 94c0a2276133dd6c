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
        "before {{= a == '\\x7b\\x5c' ? 'ü✓' : \"q\" }} after",
    ],
)
def test_what_the_dag_around_resolves_is_the_tag_itself(text: str) -> None:
    later = deferred(text, "ready")

    assert fill(later, AROUND, strict=True) == text
    assert recovered(later).text == text
    assert recovered(later).gates == {"ready"}


def test_it_cannot_be_resolved_before_the_gate_is_there() -> None:
    later = deferred("{{=tasks['a'].status}}", "ready")

    with pytest.raises(EvaluationError):
        fill(later, {"tasks": {}}, strict=True)
    assert fill(later, {}, strict=False) == later


@pytest.mark.parametrize("text", ["", "plain", "{{item}}", "l/{{inputs.parameters.path}}{{item}}"])
def test_what_is_no_expression_is_left_to_the_dag_around(text: str) -> None:
    assert deferred(text, "ready") == text


@pytest.mark.parametrize(
    "text", ["plain", "{{=tasks['ready'].status}}", "{{=tasks['r'].status == 'Failed' ? 'x' : ''}}"]
)
def test_a_tag_that_was_not_deferred_stays(text: str) -> None:
    assert recovered(text).text == text
    assert recovered(text).gates == frozenset()

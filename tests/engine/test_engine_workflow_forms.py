"""Nothing in a workflow is passed over in silence."""

from __future__ import annotations

from typing import Any

import pytest

from one_pod_workflow import POD, workflow
from workflow_fields import FormError
from workflow_forms import check_forms


def refusal(document: Any) -> str:
    with pytest.raises(FormError) as caught:
        check_forms(document)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["script", "suspend", "http", "plugin", "containerSet"])
def test_other_kinds_of_templates_are_refused(kind: str) -> None:
    pod: dict[str, Any] = {"name": "pod-1", kind: {}}
    document = workflow(pod=pod)

    assert refusal(document) == (
        "template 'pod-1': 'dag' is missing; a template needs 'dag' or 'container'"
    )


def test_steps_that_name_what_they_depend_on_are_refused() -> None:
    step = {"name": "a", "template": "pod-1", "depends": "b"}
    pod: dict[str, Any] = {"name": "pod-1", "steps": [[step]]}

    assert refusal(workflow(pod=pod)) == (
        "template 'pod-1': 'steps.a.depends' is not interpreted by the embedded engine; remove it"
    )


@pytest.mark.parametrize(
    "resource",
    [
        {"action": "create"},
        {"action": "create", "manifest": "kind: PersistentVolumeClaim"},
        {"action": "create", "manifest": '{"kind": "Secret", "metadata": {"name": "a"}}'},
        {"action": "apply", "manifest": '{"kind": "PersistentVolumeClaim"}'},
        {"action": "delete", "flags": ["secret/a"]},
        {"action": "delete", "flags": ["persistentvolumeclaim/"]},
        {"action": "delete"},
    ],
)
def test_a_template_that_changes_other_objects_than_claims_is_refused(
    resource: dict[str, Any],
) -> None:
    document = workflow(pod={"name": "pod-1", "resource": resource})

    assert refusal(document) == (
        "template 'pod-1': 'resource' does something else than create or delete a volume claim"
    )


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (
            {"hooks": {"exit": {}}},
            "template 'root': 'dag.tasks.a.hooks' is not interpreted by "
            "the embedded engine; remove it",
        ),
        (
            {"withParam": "[]"},
            "template 'root': 'dag.tasks.a.withParam' is not interpreted by "
            "the embedded engine; remove it",
        ),
        (
            {"withSequence": {"count": "3", "start": "1"}},
            "template 'root': 'dag.tasks.a.withSequence.start' is not interpreted by "
            "the embedded engine; remove it",
        ),
        (
            {"withSequence": {"count": "3"}, "when": "{{= true }}"},
            "template 'root': 'dag.tasks.a.when' stands beside 'withSequence'; "
            "put the loop into a DAG",
        ),
        (
            {"depends": "b.Succeeded"},
            "template 'root': 'dag.tasks.a.depends' names the task 'b', which the DAG does not "
            "have",
        ),
        (
            {"when": "{{= 3 > 'x' }}"},
            "template 'root': 'dag.tasks.a.when' cannot be evaluated here: Make both sides of '>' "
            "alike, not number and string (column 2 of '3 > 'x'')",
        ),
        (
            {"template": "pod-2"},
            "template 'root': 'dag.tasks.a.template' names template 'pod-2', which does not exist",
        ),
    ],
)
def test_a_task_that_asks_for_more_is_refused(task: dict[str, Any], message: str) -> None:
    assert refusal(workflow({"name": "a", "template": "pod-1", **task})) == message


@pytest.mark.parametrize(
    ("pod", "message"),
    [
        (
            {"retryStrategy": {"limit": "{{inputs.parameters.n}}"}},
            "template 'pod-1': 'retryStrategy.limit' is '{{inputs.parameters.n}}', "
            "not a whole number",
        ),
        (
            {"retryStrategy": {"limit": "1", "backoff": {"duration": "1m"}}},
            "template 'pod-1': 'retryStrategy.backoff.duration' is '1m', not a number of seconds",
        ),
        (
            {"retryStrategy": {"limit": "1", "backoff": {"maxDuration": "1h"}}},
            "template 'pod-1': 'retryStrategy.backoff.maxDuration' is not interpreted by "
            "the embedded engine; remove it",
        ),
        (
            {"retryStrategy": {"limit": "1", "retryPolicy": "OnFailure"}},
            "template 'pod-1': 'retryStrategy.retryPolicy' is 'OnFailure'; use Always",
        ),
        (
            {"memoize": {}},
            "template 'pod-1': 'memoize' is not interpreted by the embedded engine; remove it",
        ),
    ],
)
def test_a_pod_that_asks_for_more_is_refused(pod: dict[str, Any], message: str) -> None:
    assert refusal(workflow(pod={**POD, **pod})) == message


def test_a_cycle_is_refused() -> None:
    document = workflow(
        {"name": "a", "template": "pod-1", "depends": "b.Succeeded"},
        {"name": "b", "template": "pod-1", "depends": "a.Succeeded"},
        {"name": "c", "template": "pod-1", "depends": "a.Succeeded"},
    )

    assert refusal(document) == (
        "template 'root': 'dag.tasks.b.depends' is part of a cycle; remove one of its dependencies"
    )


def test_fail_fast_is_refused() -> None:
    document = workflow()
    del document["spec"]["templates"][0]["dag"]["failFast"]

    assert refusal(document) == (
        "template 'root': 'dag.failFast' has to be false; "
        "the engine does not stop at the first failure"
    )


@pytest.mark.parametrize("field", ["hooks", "parallelism", "suspend", "synchronization"])
def test_a_workflow_that_asks_for_more_is_refused(field: str) -> None:
    document = workflow()
    document["spec"][field] = {}

    assert refusal(document) == (
        f"workflow: 'spec.{field}' is not interpreted by the embedded engine; remove it"
    )

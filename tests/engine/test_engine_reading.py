"""Nothing in a workflow is passed over in silence."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from argosy_engine.workflow.model import DagTemplate, PodTemplate
from argosy_engine.workflow.reading import read_workflow
from argosy_engine.workflow.refusal import EngineRefusal

POD: Mapping[str, Any] = {
    "name": "pod-1",
    "inputs": {"parameters": [{"name": "task", "default": ""}]},
    "initContainers": [
        {
            "name": "driver",
            "image": "argosy",
            "command": ["argosy-driver"],
            "env": [
                {"name": "ARGOSY_TASK", "value": "{{inputs.parameters.task}}"},
                {
                    "name": "ARGOSY_ATTEMPT",
                    "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}},
                },
            ],
        }
    ],
    "container": {"name": "main", "image": "python:3.11", "command": ["/argosy/published/exec"]},
    "sidecars": [{"name": "launcher", "image": "argosy", "command": ["argosy-launcher"]}],
}


def workflow(*tasks: Mapping[str, Any], pod: Mapping[str, Any] = POD, **spec: Any) -> Any:
    return copy.deepcopy(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"generateName": "hello-"},
            "spec": {
                "entrypoint": "root",
                "templates": [
                    {
                        "name": "root",
                        "dag": {
                            "failFast": False,
                            "tasks": list(tasks or ({"name": "a", "template": "pod-1"},)),
                        },
                    },
                    pod,
                ],
                **spec,
            },
        }
    )


def refusal(document: Any) -> str:
    with pytest.raises(EngineRefusal) as caught:
        read_workflow(document)
    return str(caught.value)


def names(template: DagTemplate, positions: Sequence[int]) -> list[str]:
    return [template.tasks[position].name for position in positions]


def test_the_name_is_the_generated_one_without_its_dash() -> None:
    assert read_workflow(workflow()).name == "hello"


def test_the_drivers_environment_is_read_without_what_the_cluster_fills_in() -> None:
    template = read_workflow(workflow()).templates["pod-1"]

    assert isinstance(template, PodTemplate)
    assert template.environment == (("ARGOSY_TASK", "{{inputs.parameters.task}}"),)
    assert template.image == "python:3.11"
    assert not template.decides


DECIDER: Mapping[str, Any] = {
    "name": "pod-1",
    "container": {
        "name": "main",
        "image": "argosy",
        "command": ["argosy-driver", "decide"],
        "env": [
            {"name": "ARGOSY_TASK", "value": "x"},
            {
                "name": "ARGOSY_ATTEMPT",
                "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}},
            },
        ],
    },
    "outputs": {
        "parameters": [{"name": "control", "valueFrom": {"path": "/argosy/published/control"}}]
    },
}


def test_a_pod_without_driver_and_launcher_beside_it_decides() -> None:
    template = read_workflow(workflow(pod=DECIDER)).templates["pod-1"]

    assert isinstance(template, PodTemplate)
    assert template.decides
    assert template.environment == (("ARGOSY_TASK", "x"),)
    assert template.settings == ()


def test_an_expression_decides_about_failures_and_errors_unless_a_policy_is_given() -> None:
    strategy = {"limit": "1", "expression": "lastRetry.message != 'evicted'"}

    template = read_workflow(workflow(pod={**POD, "retryStrategy": strategy})).templates["pod-1"]

    assert isinstance(template, PodTemplate)
    assert template.retry is not None
    assert template.retry.policy == "Always"


def test_what_no_target_needs_does_not_decide_about_the_order() -> None:
    document = workflow(
        {"name": "not-needed", "template": "pod-1", "depends": "b.Succeeded"},
        {"name": "a", "template": "pod-1"},
        {"name": "b", "template": "pod-1"},
    )
    document["spec"]["templates"][0]["dag"]["target"] = "a b"

    template = read_workflow(document).templates["root"]

    assert isinstance(template, DagTemplate)
    assert names(template, template.order) == ["a", "b"]


def test_leaves_decide_about_a_dag_unless_it_names_its_targets() -> None:
    tasks = [
        {"name": "c", "template": "pod-1", "depends": "a.Succeeded"},
        {"name": "a", "template": "pod-1"},
        {"name": "b", "template": "pod-1"},
    ]
    document = workflow(*tasks)

    by_leaves = read_workflow(document).templates["root"]
    document["spec"]["templates"][0]["dag"]["target"] = "b a"
    by_target = read_workflow(document).templates["root"]

    assert isinstance(by_leaves, DagTemplate)
    assert isinstance(by_target, DagTemplate)
    assert names(by_leaves, by_leaves.targets) == ["b", "c"]
    assert names(by_leaves, by_leaves.order) == ["a", "c", "b"]
    assert names(by_target, by_target.targets) == ["b", "a"]
    assert names(by_target, by_target.order) == ["a", "b"]


def test_what_only_kubernetes_can_do_is_noted() -> None:
    pod: dict[str, Any] = {
        **POD,
        "tolerations": [{"key": "gpu"}],
        "metadata": {"labels": {"a": "b"}},
    }
    pod["container"] = {
        **POD["container"],
        "resources": {"limits": {"cpu": "1"}},
        "env": [{"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
    }
    pod["volumes"] = [{"name": "argosy-exchange", "emptyDir": {}}, {"name": "s", "secret": {}}]
    pod["volumes"] += [{"name": "h", "hostPath": {}}]

    template = read_workflow(workflow(pod=pod)).templates["pod-1"]

    assert isinstance(template, PodTemplate)
    assert template.settings == (
        "metadata",
        "resources",
        "tolerations",
        "volumes.hostPath",
    )


@pytest.mark.parametrize("kind", ["script", "suspend", "http", "plugin", "containerSet"])
def test_other_kinds_of_templates_are_refused(kind: str) -> None:
    pod: dict[str, Any] = {"name": "pod-1", kind: {}}
    document = workflow(pod=pod)

    assert (
        refusal(document)
        == f"template 'pod-1': '{kind}' is a kind of template that this engine does not run"
    )


def test_steps_of_one_group_are_a_dag_without_dependencies() -> None:
    document = workflow(onExit="at-exit")
    step = {"name": "a", "template": "pod-1"}
    document["spec"]["templates"].append({"name": "at-exit", "steps": [[step]]})

    template = read_workflow(document).templates["at-exit"]

    assert isinstance(template, DagTemplate)
    assert names(template, template.order) == ["a"]


def test_a_group_of_steps_waits_for_the_one_before() -> None:
    document = workflow(onExit="at-exit")
    steps = [{"name": name, "template": "pod-1"} for name in ("c", "b", "a")]
    document["spec"]["templates"].append({"name": "at-exit", "steps": [steps[:2], steps[2:]]})

    template = read_workflow(document).templates["at-exit"]

    assert isinstance(template, DagTemplate)
    assert [names(template, above) for above in template.upstream] == [[], [], ["c", "b"]]
    assert template.tasks_are == "steps"


def test_steps_that_name_what_they_depend_on_are_refused() -> None:
    step = {"name": "a", "template": "pod-1", "depends": "b"}
    pod: dict[str, Any] = {"name": "pod-1", "steps": [[step]]}

    assert refusal(workflow(pod=pod)) == (
        "template 'pod-1': 'steps' has 'depends', which only tasks of a DAG have"
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
        "template 'pod-1': 'resource' does something to a Kubernetes object, which needs a cluster"
    )


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (
            {"hooks": {"exit": {}}},
            "template 'root': 'dag.tasks.a.hooks' is not interpreted by the embedded engine; "
            "remove it",
        ),
        (
            {"withParam": "[]"},
            "template 'root': 'dag.tasks.a.withParam' is not interpreted by the embedded engine; "
            "remove it",
        ),
        (
            {"withSequence": {"count": "3", "start": "1"}},
            "template 'root': 'dag.tasks.a.withSequence.start' is not interpreted by the embedded "
            "engine; remove it",
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
            {"retryStrategy": {"limit": "1", "backoff": {"duration": "soon"}}},
            "template 'pod-1': 'retryStrategy.backoff.duration' is 'soon', "
            "not a duration such as '5s'",
        ),
        (
            {"retryStrategy": {"limit": "1", "backoff": {"maxDuration": "1h"}}},
            "template 'pod-1': 'retryStrategy.backoff.maxDuration' is not interpreted by the "
            "embedded engine; remove it",
        ),
        (
            {"retryStrategy": {"retryPolicy": "OnTransientError"}},
            "template 'pod-1': 'retryStrategy.retryPolicy' is 'OnTransientError'; "
            "use Always, OnFailure or OnError",
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
        "this engine does not stop at the first failure"
    )


@pytest.mark.parametrize("field", ["hooks", "parallelism", "suspend", "synchronization"])
def test_a_workflow_that_asks_for_more_is_refused(field: str) -> None:
    document = workflow()
    document["spec"][field] = {}

    assert refusal(document) == (
        f"workflow: 'spec.{field}' is not interpreted by the embedded engine; remove it"
    )

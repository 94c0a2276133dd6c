"""What the engine finds in a workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from argosy_engine.workflow.model import DagTemplate, PodTemplate
from argosy_engine.workflow.reading import read_workflow
from one_pod_workflow import POD, workflow


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

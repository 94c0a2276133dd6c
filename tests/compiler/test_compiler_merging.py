"""Strategic merge of a patch into a workflow."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from argosy_compiler.objects.merging import merge, patch_workflow
from argosy_schemas.errors import InvalidArgumentError
from driver_support import Json

POD: Json = {
    "name": "pod",
    "container": {
        "image": "busybox",
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "command": ["a", "b"],
    },
    "tolerations": [{"key": "gpu"}],
    "sidecars": [{"name": "launcher", "image": "x"}],
}
ROOT: Json = {"name": "root", "dag": {"tasks": ["a"]}}
SPEC: Json = {"templates": [ROOT, POD]}
METADATA: Json = {"generateName": "p-", "labels": {"a": "1"}}
WORKFLOW: Json = {"kind": "Workflow", "metadata": METADATA, "spec": SPEC}


def of_templates(*templates: Any) -> Json:
    """A patch of some templates."""
    return {"spec": {"templates": list(templates)}}


@pytest.mark.parametrize(
    ("patch", "path", "expected"),
    [
        ({"metadata": {"labels": {"b": "2"}}}, ("metadata", "labels"), {"a": "1", "b": "2"}),
        ({"metadata": {"labels": {"a": None}}}, ("metadata", "labels"), {}),
        (
            {"metadata": {"labels": {"$patch": "replace", "b": "2"}}},
            ("metadata", "labels"),
            {"b": "2"},
        ),
        ({"spec": {"priority": 1}}, ("spec", "priority"), 1),
        ({"spec": {"podGC": {"strategy": "x"}}}, ("spec", "podGC"), {"strategy": "x"}),
        ({"spec": {"podGC": {"strategy": None}}}, ("spec", "podGC"), {}),
    ],
)
def test_objects_merge_member_by_member(patch: Any, path: tuple[str, ...], expected: Any) -> None:
    merged: Any = merge(WORKFLOW, patch)

    for part in path:
        merged = merged[part]
    assert merged == expected


def pod_with(patch: Any) -> Any:
    merged: Any = merge(WORKFLOW, of_templates({"name": "pod", **patch}))
    root, pod = merged["spec"]["templates"]
    assert root == ROOT
    return pod


def test_elements_with_a_key_merge_and_new_ones_come_last() -> None:
    env = [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]

    pod = pod_with({"container": {"env": env}, "sidecars": [{"name": "launcher", "tty": True}]})

    assert pod["container"]["env"] == [{"name": "A", "value": "1"}, *env]
    assert pod["container"]["image"] == "busybox"
    assert pod["sidecars"] == [{"name": "launcher", "image": "x", "tty": True}]


def test_an_element_can_be_removed_by_its_key() -> None:
    pod = pod_with({"container": {"env": [{"name": "A", "$patch": "delete"}]}})

    assert pod["container"]["env"] == [{"name": "B", "value": "2"}]


def test_other_lists_take_the_place_of_the_one_before() -> None:
    pod = pod_with({"container": {"command": ["c"]}, "tolerations": [{"key": "spot"}]})

    assert pod["container"]["command"] == ["c"]
    assert pod["tolerations"] == [{"key": "spot"}]


def test_a_patch_changes_neither_of_what_it_is_given() -> None:
    before = copy.deepcopy(WORKFLOW)

    pod_with({"container": {"env": [{"name": "A", "value": "9"}]}})

    assert before == WORKFLOW


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (of_templates({"image": "x"}), "spec.templates has an element without 'name'"),
        (of_templates("pod"), "spec.templates has an element without 'name'"),
        (
            of_templates({"name": "pod", "container": {"$patch": "drop"}}),
            r"spec.templates\[pod\].container has '\$patch: drop'",
        ),
        ({"kind": "CronWorkflow"}, "the patch sets 'kind'"),
        ({"status": "x"}, "the patch sets 'status'"),
    ],
)
def test_what_no_patch_can_say_is_refused_with_its_place(patch: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        patch_workflow(WORKFLOW, patch)


def test_a_patch_may_say_what_it_is_of() -> None:
    assert patch_workflow(WORKFLOW, {"kind": "Workflow"}) == WORKFLOW

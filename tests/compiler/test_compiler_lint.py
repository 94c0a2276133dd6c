"""Each rule of the linter, on the smallest workflow that breaks it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from argosy_compiler.argo.expressions import make_tag
from argosy_compiler.lint import lint_workflow
from argosy_compiler.pods.patch import make_text_expression
from argosy_schemas.errors import InvalidArgumentError

Change = Callable[[dict[str, Any]], object]

VALID: dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Workflow",
    "metadata": {"generateName": "w-"},
    "spec": {
        "entrypoint": "root",
        "arguments": {"parameters": [{"name": "p", "value": "1"}]},
        "templates": [
            {
                "name": "root",
                "dag": {
                    "tasks": [
                        {
                            "name": "a",
                            "template": "pod",
                            "arguments": {"parameters": [{"name": "x", "value": "1"}]},
                        },
                        {
                            "name": "b",
                            "template": "pod",
                            "depends": "a.Succeeded",
                            "when": "{{= tasks['a'].outputs.parameters.control == 'x' }}",
                            "arguments": {"parameters": [{"name": "x", "value": "2"}]},
                        },
                    ]
                },
            },
            {
                "name": "pod",
                "inputs": {"parameters": [{"name": "x"}]},
                "volumes": [{"name": "v", "emptyDir": {}}],
                "container": {
                    "image": "i",
                    "command": ["c", "{{inputs.parameters.x}}"],
                    "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                },
                "outputs": {
                    "parameters": [
                        {"name": "control", "valueFrom": {"path": "/v/c", "default": ""}}
                    ]
                },
            },
        ],
    },
}


def tasks(spec: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec["templates"][0]["dag"]["tasks"]
    return found


def pod(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = spec["templates"][1]
    return found


def from_object(field: str, key: str) -> dict[str, Any]:
    return {"name": "E", "valueFrom": {field: {"name": "s", "key": key}}}


def make_patch(patch: Any) -> dict[str, Any]:
    return {"name": "patch", "value": make_tag(make_text_expression(patch))}


def setting(holder: Callable[[dict[str, Any]], Any], key: str, value: Any) -> Change:
    def change(spec: dict[str, Any]) -> None:
        holder(spec)[key] = value

    return change


def a(spec: dict[str, Any]) -> dict[str, Any]:
    return tasks(spec)[0]


def b(spec: dict[str, Any]) -> dict[str, Any]:
    return tasks(spec)[1]


RULES: list[tuple[str, Change, str]] = [
    ("no entrypoint", lambda s: s.pop("entrypoint"), "name the first template"),
    (
        "unknown template",
        setting(a, "template", "zz"),
        "there is no template 'zz'; add it to spec.templates",
    ),
    ("task name", setting(a, "name", "a_b"), "'a_b' is not a name that Argo takes"),
    ("long name", setting(a, "name", "a" * 129), "has 129 characters"),
    ("name twice", setting(a, "name", "b"), "'b' is given twice"),
    ("missing argument", lambda s: a(s).pop("arguments"), "'x' is not given"),
    ("kinds", setting(pod, "dag", {"tasks": []}), "needs exactly one of"),
    (
        "upper case",
        lambda s: (
            a(s).update(template="Pod"),
            b(s).update(template="Pod"),
            pod(s).update(name="Pod"),
        ),
        "use lower case",
    ),
    ("misspelt template", setting(a, "template", "pods"), "'pods'; did you mean 'pod'?"),
    ("unknown dependency", setting(b, "depends", "a.Succeeded && c.Succeeded"), "no task 'c'"),
    (
        "circle",
        setting(a, "depends", "b.Succeeded"),
        "'a' -> 'b' -> 'a' wait for each other; remove one dependency",
    ),
    (
        "target",
        lambda s: s["templates"][0]["dag"].update(target="zz"),
        "there is no task 'zz' in the DAG; name one of its tasks",
    ),
    ("parallelism", setting(pod, "parallelism", 2), "only a template of tasks"),
    ("deadline", lambda s: s["templates"][0].update(activeDeadlineSeconds=5), "cannot have one"),
    ("image", lambda s: pod(s)["container"].pop("image"), "name an image"),
    (
        "volume",
        lambda s: pod(s).pop("volumes"),
        "there is no volume 'v' in the template or the workflow; add it",
    ),
    (
        "quantity",
        lambda s: pod(s)["container"].update(resources={"limits": {"cpu": "much"}}),
        "is not a quantity",
    ),
    (
        "quantity tag",
        lambda s: pod(s)["container"].update(
            resources={"limits": {"cpu": "{{inputs.parameters.x}}"}}
        ),
        "use 'podSpecPatch'",
    ),
    (
        "unknown input",
        lambda s: pod(s)["container"].update(args=["{{inputs.parameters.y}}"]),
        "no input 'y'",
    ),
    (
        "unknown parameter",
        lambda s: pod(s)["container"].update(args=["{{workflow.parameters.q}}"]),
        "'q' is not in",
    ),
    ("open tag", lambda s: pod(s)["container"].update(args=["{{ x"]), "never closes it"),
    ("no expression", setting(b, "when", "{{= 1 + }}"), "Write a value here"),
    (
        "closed early",
        setting(b, "when", "{{= toJson({'a': {'b': 1}}) == '' }}"),
        "first '}}' ends it",
    ),
    ("not awaited", setting(a, "when", "{{= tasks['b'].status == '' }}"), "does not wait for 'b'"),
    (
        "no such output",
        setting(b, "when", "{{= tasks['a'].outputs.parameters.zz == '' }}"),
        "no output 'zz'",
    ),
    ("may have failed", setting(b, "depends", "(a.Succeeded || a.Failed)"), "does not force"),
    (
        "unknown field",
        setting(pod, "bogus", 1),
        "spec.templates.pod.bogus: is not a field of a Work",
    ),
    (
        "unknown field of a step",
        lambda s: s["templates"].append(
            {"name": "s", "steps": [[{"name": "t", "template": "pod", "bogus": 1}]]}
        ),
        "spec.templates.s.steps.t.bogus: is not a field of a Workflow",
    ),
    ("wrong type", setting(pod, "volumes", "v"), "spec.templates.pod.volumes: is of the wrong"),
    (
        "wrong type of a template",
        lambda s: s["templates"].append("t"),
        "spec.templates.2: is of the wrong type",
    ),
    (
        "pull policy",
        lambda s: pod(s)["container"].update(imagePullPolicy="Maybe"),
        "imagePullPolicy: is 'Maybe'; use one of Always, IfNotPresent, Never",
    ),
    (
        "image reference",
        lambda s: pod(s)["container"].update(image="bad image"),
        "'bad image' is not an image reference",
    ),
    (
        "secret",
        lambda s: pod(s)["container"].update(envFrom=[{"secretRef": {"name": "Bad_Name"}}]),
        "spec.templates.pod.container.envFrom.0.secretRef.name: 'Bad_Name' is not a name that"
        " Kubernetes takes; use lower case letters, digits, '-' and '.',",
    ),
    (
        "key of a secret",
        lambda s: pod(s)["container"].update(env=[from_object("secretKeyRef", "k k")]),
        "spec.templates.pod.container.env.E.valueFrom.secretKeyRef.key: 'k k' is not a key that"
        " Kubernetes takes; use letters, digits, '-', '_' and '.'",
    ),
    (
        "key of a config map",
        lambda s: pod(s)["container"].update(env=[from_object("configMapKeyRef", "..k")]),
        "env.E.valueFrom.configMapKeyRef.key: '..k' is not a key that Kubernetes takes",
    ),
    (
        "pull secret",
        lambda s: (
            pod(s)["inputs"]["parameters"].append({"name": "patch", "value": "{}"}),
            pod(s).update(podSpecPatch="{{inputs.parameters.patch}}"),
            a(s)["arguments"]["parameters"].append(
                make_patch({"imagePullSecrets": [{"name": "A_B"}]})
            ),
        ),
        "spec.templates.root.dag.tasks.a.arguments.parameters.patch.imagePullSecrets.A_B.name:"
        " 'A_B' is not a name that Kubernetes takes",
    ),
    (
        "volume of a secret",
        lambda s: pod(s)["volumes"].append({"name": "w", "secret": {"secretName": "A"}}),
        "volumes.w.secret.secretName: 'A' is not a name",
    ),
    (
        "service account",
        lambda s: s.update(serviceAccountName="A b"),
        "spec.serviceAccountName: 'A b' is not a name",
    ),
    (
        "aggregate of a sequence",
        lambda s: (
            a(s).update(withSequence={"count": "3"}),
            b(s).update(when="{{tasks.a.outputs.parameters}} == ''"),
        ),
        "only 'withItems' and 'withParam' yield all parameters at once; name one",
    ),
    ("policy", setting(pod, "retryStrategy", {"retryPolicy": "Never"}), "use one of Always"),
    ("large variable", lambda s: pod(s)["container"].update(args=["x" * 140000]), "takes 131,072"),
    (
        "dag output",
        lambda s: s["templates"][0].update(
            outputs={"parameters": [{"name": "o", "valueFrom": {"expression": "'x'"}}]}
        ),
        "has no 'default'",
    ),
    (
        "source of an output",
        lambda s: pod(s)["outputs"]["parameters"][0].update(valueFrom={"expression": "'x'"}),
        "spec.templates.pod.outputs.parameters.control.valueFrom: needs 'path' and nothing else",
    ),
]


def steps_of(*groups: list[dict[str, Any]]) -> Change:
    """Make the first template one of steps: each is a pod with one input."""

    def change(spec: dict[str, Any]) -> None:
        for step in (step for group in groups for step in group):
            step.setdefault("template", "pod")
            value = step.pop("value", "1")
            step["arguments"] = {"parameters": [{"name": "x", "value": value}]}
        spec["templates"][0] = {"name": "root", "steps": [list(group) for group in groups]}

    return change


CONTROL = "{{steps.a.outputs.parameters.control}}"


def test_steps_may_read_those_of_the_groups_before() -> None:
    fine = steps_of(
        [{"name": "a"}, {"name": "c", "withSequence": {"count": "2"}, "value": "{{item}}"}],
        [{"name": "b", "value": CONTROL, "when": "{{steps.a.status}} == Succeeded"}],
        [{"name": "d", "value": "{{item}}", "withSequence": {"count": CONTROL}}],
    )

    assert problems(fine) == []


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"value": "{{steps.a.outputs.parameters.zz}}"}, "'a' has no output 'zz'"),
        ({"when": "{{steps.zz.outputs.result}} == x"}, "there is no step 'zz' in the template"),
        (
            {"value": "{{steps.c.status}}"},
            "'c' is not in an earlier group; move this step after it",
        ),
        ({"value": "{{=steps['c'].status}}"}, "'c' is not in an earlier group"),
        ({"value": "{{tasks.a.status}}"}, "there is no task 'a' in the DAG"),
        ({"value": "{{item}}"}, "there are no items here"),
        ({"value": "{{steps.a.outputs.parameters}}"}, "yield all parameters at once; name one"),
        ({"value": "{{inputs.parameters.y}}"}, "the template has no input 'y'"),
    ],
)
def test_steps_may_read_nothing_else(step: dict[str, Any], expected: str) -> None:
    (problem,) = problems(steps_of([{"name": "a"}], [{"name": "b", **step}, {"name": "c"}]))

    assert problem.startswith("spec.templates.root.steps.b.")
    assert expected in problem


@pytest.mark.parametrize("family", ["dag", "steps"])
def test_outputs_may_come_from_every_task(family: str) -> None:
    def change(spec: dict[str, Any]) -> None:
        word = "tasks"
        if family == "steps":
            word = "steps"
            steps_of([{"name": "a"}], [{"name": "b"}])(spec)
        source = {"expression": f"{word}.b.outputs.parameters.control", "default": ""}
        outputs = {"parameters": [{"name": "o", "valueFrom": source}]}
        spec["templates"][0]["outputs"] = outputs

    assert problems(change) == []


@pytest.mark.parametrize(
    ("task", "may_be_skipped"),
    [
        ({}, False),
        ({"withSequence": {"count": "1"}}, True),
        ({"when": "true"}, True),
    ],
)
def test_what_is_never_skipped_may_be_read_behind_its_bare_name(
    task: dict[str, Any], may_be_skipped: bool
) -> None:
    told = problems(lambda s: (a(s).update(task), b(s).update(depends="a")))

    assert ["does not force" in one for one in told] == [True] * may_be_skipped


def test_a_container_without_a_command_is_left_to_the_controller() -> None:
    assert problems(lambda s: pod(s)["container"].pop("command")) == []


def test_names_with_tags_are_known_in_the_cluster_only() -> None:
    def change(spec: dict[str, Any]) -> None:
        spec["serviceAccountName"] = "{{workflow.parameters.p}}"
        pod(spec)["container"]["image"] = "{{workflow.parameters.p}}:{{inputs.parameters.x}}"

    assert problems(change) == []


def test_another_version_of_the_api_is_refused() -> None:
    assert [
        str(one) for one in lint_workflow({**VALID, "apiVersion": "argoproj.io/v2"}, "4.1")
    ] == ["apiVersion: is not 'argoproj.io/v1alpha1'; set it"]


def test_a_parameter_of_the_workflow_may_get_its_value_when_it_is_submitted() -> None:
    arguments = {"parameters": [{"name": "p"}]}

    assert problems(lambda s: s.update(arguments=arguments)) == []


def problems(change: Change, version: str = "4.1") -> list[str]:
    workflow = copy.deepcopy(VALID)
    change(workflow["spec"])
    return [str(problem) for problem in lint_workflow(workflow, version)]


@pytest.mark.parametrize("version", ["3.5", "3.6", "3.7", "4.0", "4.1"])
def test_a_valid_workflow_has_no_problems(version: str) -> None:
    assert lint_workflow(VALID, version) == ()


@pytest.mark.parametrize(
    ("change", "expected"), [rule[1:] for rule in RULES], ids=[r[0] for r in RULES]
)
def test_each_rule_names_what_it_finds(change: Change, expected: str) -> None:
    assert any(expected in problem for problem in problems(change)), problems(change)


def test_templates_that_are_no_list_are_told_once() -> None:
    (problem,) = problems(lambda s: s.update(templates={}))

    assert problem.startswith("spec.templates: is of the wrong type")


def many_tasks(spec: dict[str, Any]) -> None:
    spec["templates"][0]["dag"]["tasks"] = [{**a(spec), "name": f"t{n}"} for n in range(201)]


def many_templates(spec: dict[str, Any]) -> None:
    spec["templates"] += [{**pod(spec), "name": f"pod-{n}"} for n in range(199)]


@pytest.mark.parametrize("change", [many_tasks, many_templates])
def test_counts_matter_from_argo_4_on(change: Change) -> None:
    assert problems(change, "3.7") == []
    assert len(problems(change, "4.0")) == 1


def status_before_outputs(output: str) -> Change:
    def change(spec: dict[str, Any]) -> None:
        b(spec)["depends"] = "(a.Succeeded || a.Failed || a.Errored)"
        del b(spec)["when"]
        value = f"{{{{=tasks['a'].status == 'Succeeded' ? {output} : ''}}}}"
        b(spec)["arguments"]["parameters"][0]["value"] = value

    return change


def test_a_question_for_the_status_is_not_enough_from_argo_3_7_on() -> None:
    named = status_before_outputs("tasks['a'].outputs.parameters.control")
    hidden = status_before_outputs("[tasks['a']][0].outputs.parameters.control")

    assert problems(named, "3.6") == []
    for version in ("3.7", "4.0", "4.1"):
        assert ["waits forever if 'a'" in one for one in problems(named, version)] == [True]
        assert problems(hidden, version) == []


def item_beside_inputs(spec: dict[str, Any]) -> None:
    a(spec)["withSequence"] = {"count": "2"}
    a(spec)["arguments"]["parameters"][0]["value"] = "{{= item + workflow.name }}"
    tasks(spec).pop()


def test_items_stand_alone_before_argo_4() -> None:
    assert ["reads 'item' beside" in one for one in problems(item_beside_inputs, "3.5")] == [True]
    assert problems(item_beside_inputs, "4.0") == []


def test_what_is_no_workflow_is_one_problem() -> None:
    assert [str(one) for one in lint_workflow({"kind": "Pod"}, "4.1")] == [
        "kind: is not 'Workflow'; give a compiled pipeline"
    ]


ARGO_LINT = "check this workflow with 'argo lint'"


@pytest.mark.parametrize("kind", ["script", "http", "plugin", "data", "containerSet", "suspend"])
def test_a_template_of_a_kind_that_argosy_never_writes_is_left_to_argo_lint(kind: str) -> None:
    def change(spec: dict[str, Any]) -> None:
        spec["templates"].append({"name": "other", kind: {"image": "bad image"}})
        spec["entrypoint"] = "nowhere"

    assert problems(change) == [
        "spec.templates.other: is none of the templates that Argosy writes (container, dag,"
        f" resource, steps); {ARGO_LINT}"
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("withItems", [1]),
        ("withParam", "[]"),
        ("dependencies", ["a"]),
        ("continueOn", {"failed": True}),
        ("templateRef", {"name": "t", "template": "x"}),
        ("hooks", {"exit": {"template": "pod"}}),
        ("inline", {"suspend": {}}),
    ],
)
def test_a_task_with_what_argosy_never_writes_is_left_to_argo_lint(field: str, value: Any) -> None:
    assert problems(setting(b, field, value)) == [
        f"spec.templates.root.dag.tasks.b.{field}: Argosy writes no '{field}'; {ARGO_LINT}"
    ]


def test_a_reference_to_a_workflow_template_is_left_to_argo_lint() -> None:
    document = {**VALID, "spec": {"workflowTemplateRef": {"name": "w"}}}

    assert [str(one) for one in lint_workflow(document, "4.1")] == [
        f"spec.workflowTemplateRef: Argosy writes whole workflows; {ARGO_LINT}"
    ]


def test_an_unknown_line_of_argo_is_refused() -> None:
    with pytest.raises(
        InvalidArgumentError, match=r"'2\.0' is not a known line of Argo; use one of"
    ):
        lint_workflow(VALID, "2.0")


def with_settings(**settings: Any) -> Change:
    """Set fields of the pod template, those of its container behind ``container__``."""

    def change(spec: dict[str, Any]) -> None:
        for name, value in settings.items():
            holder = pod(spec)["container"] if name.startswith("container__") else pod(spec)
            holder[name.removeprefix("container__")] = value

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            with_settings(metadata={"labels": {"my team": "a"}}),
            "spec.templates.pod.metadata.labels: 'my team' is not a label key in Kubernetes; use "
            "at most 63 letters, digits, '-', '_' and '.', behind an optional DNS name and '/'",
        ),
        (
            with_settings(metadata={"labels": {"team": "data science"}}),
            "spec.templates.pod.metadata.labels.team: 'data science' is not a label value in "
            "Kubernetes; use at most 63 letters, digits, '-', '_' and '.'",
        ),
        (
            with_settings(metadata={"annotations": {"Example.org/x": "any text at all"}}),
            "spec.templates.pod.metadata.annotations: 'Example.org/x' is not a label key in "
            "Kubernetes; use at most 63 letters, digits, '-', '_' and '.', behind an optional DNS "
            "name and '/'",
        ),
        (
            with_settings(
                tolerations=[{"operator": "Exists"}, {"key": "k k", "operator": "Exists"}]
            ),
            "spec.templates.pod.tolerations: 'k k' is not a label key in Kubernetes; use at most "
            "63 letters, digits, '-', '_' and '.', behind an optional DNS name and '/'",
        ),
        (
            with_settings(tolerations=[{"key": "k", "value": "v v"}]),
            "spec.templates.pod.tolerations.k: 'v v' is not a label value in Kubernetes; use at "
            "most 63 letters, digits, '-', '_' and '.'",
        ),
        (
            with_settings(nodeSelector={"disk": "a" * 64}),
            f"spec.templates.pod.nodeSelector.disk: '{'a' * 64}' is not a label value in "
            "Kubernetes; use at most 63 letters, digits, '-', '_' and '.'",
        ),
        (
            with_settings(container__resources={"limits": {"tpu-v3": "1"}}),
            "spec.templates.pod.container.resources.limits: 'tpu-v3' is not a resource in "
            "Kubernetes; use one of cpu, memory, ephemeral-storage, or a name with a domain such "
            "as 'nvidia.com/gpu'",
        ),
        (
            with_settings(
                container__resources={"requests": {"memory": "1Gi"}, "limits": {"memory": "1G"}}
            ),
            "spec.templates.pod.container.resources.requests.memory: '1Gi' is more than the limit "
            "'1G'; raise the limit, or request less",
        ),
    ],
)
def test_settings_that_the_api_server_refuses_are_found(change: Change, expected: str) -> None:
    assert problems(change) == [expected]


def test_settings_that_kubernetes_takes_are_no_problem() -> None:
    change = with_settings(
        metadata={
            "labels": {"example.org/team": "data", "empty": "", "set": "{{inputs.parameters.x}}"},
            "annotations": {"note": "any text: at all!"},
        },
        nodeSelector={"kubernetes.io/arch": "amd64"},
        tolerations=[{"operator": "Exists"}, {"key": "example.org/gpu", "value": "a100"}],
        container__resources={
            "requests": {"cpu": "500m", "memory": "1e9"},
            "limits": {
                "cpu": "0.5",
                "memory": "1Gi",
                "nvidia.com/gpu": "1",
                "hugepages-2Mi": "4Mi",
            },
        },
    )

    assert problems(change) == []

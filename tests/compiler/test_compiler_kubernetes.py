"""What a Kubernetes configuration becomes in a pod template, and in the patch of a pod."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.lint import lint_workflow
from argosy_compiler.options import ARGO_LINES
from argosy_compiler.pods.kubernetes import make_volume_name
from argosy_expressions.argo import evaluate
from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.formats.providers import Provider, SecretKey
from argosy_schemas.ir.kubernetes.leaves import VolumeName
from argosy_schemas.ir.model import PipelineConfig, Workspace
from argosy_schemas.values import JsonValue
from driver_support import Json, constant, dag, given, leaf, output, pipeline, task

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
NO_EXPRESSIONS: list[Any] = []
EXPRESSION = {"key": "zone", "operator": "In", "values": ["a"]}

INPUTS = {
    "name": "STRING",
    "claim": {"parameterType": "STRING", "defaultValue": "my-claim"},
    "object": {"parameterType": "STRUCT", "isOptional": True},
    "list": {"parameterType": "LIST", "isOptional": True},
}
# What follows is what a configuration adds: nothing else keeps containers apart.
OPTIONS = CompileOptions(store="s3://bucket", pod_security=None)
OPTIONAL_NAME = {"parameterType": "STRING", "isOptional": True}


def compiled(config: Json, inputs: Json | None = None, component: Json | None = None) -> Any:
    """The workflow of a pipeline with the task ``t``, whose executor has ``config``."""
    root = dag({"t": task("comp-t")}, {**INPUTS, **(inputs or {})})
    components = {"comp-t": leaf() if component is None else component}
    made = pipeline(root, components, kubernetes={"exec-t": config})
    workflow = compile_pipeline(made, OPTIONS).workflow
    assert [one for line in ARGO_LINES for one in lint_workflow(workflow, line)] == []
    return workflow


def added(config: Json, **arguments: Any) -> Json:
    """What ``config`` adds to the pod template of a task."""
    return {
        name: value
        for name, value in _fields(compiled(config, **arguments)).items()
        if value not in ([], {}, None)
    }


def _fields(workflow: Any) -> Json:
    template = next(one for one in workflow["spec"]["templates"] if "container" in one)
    container = template["container"]
    kept = ("activeDeadlineSeconds", "affinity", "metadata", "nodeSelector", "tolerations")
    return {
        **{name: template.get(name) for name in kept},
        "volumes": template["volumes"][3:],
        "initContainers": template["initContainers"][1:],
        "mounts": container["volumeMounts"][2:],
        **{
            name: container.get(name)
            for name in ("env", "imagePullPolicy", "resources", "securityContext")
        },
    }


@pytest.mark.parametrize("path", ["/dev/shm", "/argosy2", "/data/proc", "/var/lib", "/developer"])
def test_a_volume_may_be_mounted_beside_the_directories_of_others(path: str) -> None:
    mounts = added({"emptyDirMounts": [{"volumeName": "v", "mountPath": path}]})["mounts"]

    assert [mount["mountPath"] for mount in mounts] == [path]


def test_a_relative_mount_path_is_below_the_root_as_kubernetes_takes_it() -> None:
    mounts = added({"emptyDirMounts": [{"volumeName": "v", "mountPath": "data/x/"}]})["mounts"]

    assert [mount["mountPath"] for mount in mounts] == ["/data/x"]


TAG = "{{workflow.name}}"


@pytest.mark.parametrize(
    "config",
    [
        {"podMetadata": {"labels": {"a": TAG}}},
        {"podMetadata": {"annotations": {TAG: "a"}}},
        {"secretAsEnv": [{"secretName": TAG, "keyToEnv": [{"secretKey": "k", "envVar": "E"}]}]},
        {"secretAsVolume": [{"secretName": TAG, "mountPath": "/x"}]},
        {"pvcMount": [{"constant": "c", "mountPath": f"/{TAG}"}]},
        {"fieldPathAsEnv": [{"name": "E", "fieldPath": TAG}]},
        {"nodeSelector": {"nodeSelectorJson": constant({"a": TAG})}},
        {"tolerations": [{"key": TAG}]},
        {"imagePullSecret": [{"secretName": TAG}]},
        {"initContainers": [{"name": "a", "image": "i", "args": ["{{ never closed"]}]},
    ],
)
def test_no_setting_may_hold_what_argo_takes_for_a_tag(config: Json) -> None:
    with pytest.raises(InvalidPipelineError, match="would be a tag for Argo, which replaces it"):
        compiled(config)


OF_A_PROVIDER = Provider(scheme="gs", credentials={"key": SecretKey(secret="s", key="k")})


@pytest.mark.parametrize(
    "options",
    [CompileOptions(store_secret="s"), CompileOptions(providers=(OF_A_PROVIDER,))],
)
@pytest.mark.parametrize(
    "config",
    [
        {"secretAsEnv": [{"secretName": "s", "keyToEnv": [{"secretKey": "k", "envVar": "E"}]}]},
        {"secretAsVolume": [{"secretName": "s", "mountPath": "/x"}]},
    ],
)
def test_a_task_must_not_use_a_secret_of_the_store(config: Json, options: CompileOptions) -> None:
    made = pipeline(dag({"t": task("comp-t")}), {"comp-t": leaf()}, kubernetes={"exec-t": config})

    with pytest.raises(InvalidPipelineError, match="it uses the secret 's', which has the creden"):
        compile_pipeline(made, options)


def patched(config: Json, values: Mapping[str, JsonValue], inputs: Json | None = None) -> Any:
    """The patch that ``config`` makes for the pod where the pipeline has these parameters.

    Args:
        config: Of the executor.
        values: As JSON but for texts; ``None`` is not declared to Argo.
        inputs: More of the pipeline.
    """
    workflow = compiled(config, inputs)
    (root,) = (one for one in workflow["spec"]["templates"] if "dag" in one)
    arguments = {
        one["name"]: one["value"] for one in root["dag"]["tasks"][0]["arguments"]["parameters"]
    }
    expression = str(arguments["patch"]).removeprefix("{{=").removesuffix("}}")
    parameters = {
        name: value if value is None or isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }
    text = str(evaluate(expression, {"workflow": {"parameters": parameters}}))
    assert "{{" not in text
    return json.loads(text)


def mounted(name: str, source: Json, path: str) -> Json:
    return {
        "volumes": [{"name": name, **source}],
        "mounts": [{"name": name, "mountPath": path}],
    }


def ephemeral(**spec: Any) -> Json:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {"volumeClaimTemplate": {"spec": {**claim, **spec}}}


SCRATCH = {
    "volumeName": "scratch",
    "mountPath": "/scratch",
    "size": "1Gi",
    "accessModes": ["ReadWriteOnce"],
}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(
            {"secretAsVolume": [{"secretName": "s", "mountPath": "/s"}]},
            mounted("secret-s", {"secret": {"secretName": "s", "optional": False}}, "/s"),
            id="secret as volume",
        ),
        pytest.param(
            {"configMapAsVolume": [{"configMapName": "c", "mountPath": "/c", "optional": True}]},
            mounted(
                "optional-configmap-c-266b639a",
                {"configMap": {"name": "c", "optional": True}},
                "/c",
            ),
            id="config map as volume",
        ),
        pytest.param(
            {
                "secretAsEnv": [
                    {
                        "secretName": "s",
                        "keyToEnv": [
                            {"secretKey": "a", "envVar": "A"},
                            {"secretKey": "b", "envVar": "B"},
                        ],
                    }
                ]
            },
            {
                "env": [
                    {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "a"}}},
                    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "b"}}},
                ]
            },
            id="secret as variables",
        ),
        pytest.param(
            {
                "configMapAsEnv": [
                    {
                        "configMapName": "c",
                        "keyToEnv": [{"configMapKey": "a", "envVar": "A"}],
                        "optional": True,
                    }
                ]
            },
            {
                "env": [
                    {
                        "name": "A",
                        "valueFrom": {
                            "configMapKeyRef": {"name": "c", "key": "a", "optional": True}
                        },
                    }
                ]
            },
            id="config map as variable",
        ),
        pytest.param(
            {"fieldPathAsEnv": [{"name": "NODE", "fieldPath": "spec.nodeName"}]},
            {"env": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]},
            id="field path",
        ),
        pytest.param(
            {
                "pvcMount": [
                    {"constant": "data", "mountPath": "/a", "subPath": "s"},
                    {"constant": "data", "mountPath": "/b"},
                ]
            },
            {
                "volumes": [{"name": "pvc-data", "persistentVolumeClaim": {"claimName": "data"}}],
                "mounts": [
                    {"name": "pvc-data", "mountPath": "/a", "subPath": "s"},
                    {"name": "pvc-data", "mountPath": "/b"},
                ],
            },
            id="claim that is mounted twice",
        ),
        pytest.param(
            {"emptyDirMounts": [{"volumeName": "e", "mountPath": "/e"}]},
            mounted("empty-e", {"emptyDir": {}}, "/e"),
            id="empty directory",
        ),
        pytest.param(
            {
                "emptyDirMounts": [
                    {"volumeName": "e", "mountPath": "/e", "medium": "Memory", "sizeLimit": "1Gi"}
                ]
            },
            mounted("empty-e", {"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}, "/e"),
            id="empty directory in memory",
        ),
        pytest.param(
            {"genericEphemeralVolume": [{**SCRATCH, "defaultStorageClass": True}]},
            mounted("ephemeral-scratch", {"ephemeral": ephemeral()}, "/scratch"),
            id="ephemeral volume of the default class",
        ),
        pytest.param(
            {"genericEphemeralVolume": [{**SCRATCH, "storageClassName": "fast"}]},
            mounted(
                "ephemeral-scratch", {"ephemeral": ephemeral(storageClassName="fast")}, "/scratch"
            ),
            id="ephemeral volume of a class",
        ),
        pytest.param(
            {"genericEphemeralVolume": [SCRATCH]},
            mounted("ephemeral-scratch", {"ephemeral": ephemeral(storageClassName="")}, "/scratch"),
            id="ephemeral volume of no class",
        ),
        pytest.param({"imagePullPolicy": "Never"}, {"imagePullPolicy": "Never"}, id="pull policy"),
        pytest.param(
            {
                "tolerations": [
                    {"key": "gpu", "operator": "Exists", "tolerationSeconds": "30"},
                    {"tolerationJson": constant([{"key": "a"}, {"key": "b"}])},
                    {"tolerationJson": constant({"key": "c"})},
                ]
            },
            {
                "tolerations": [
                    {"key": "gpu", "operator": "Exists", "tolerationSeconds": 30},
                    {"key": "a"},
                    {"key": "b"},
                    {"key": "c"},
                ]
            },
            id="tolerations",
        ),
        pytest.param(
            {
                "nodeAffinity": [
                    {"matchExpressions": [EXPRESSION]},
                    {"matchFields": [EXPRESSION]},
                    {"matchExpressions": [EXPRESSION], "weight": 5},
                    {
                        "nodeAffinityJson": constant(
                            {
                                REQUIRED: {
                                    "nodeSelectorTerms": [{"matchExpressions": NO_EXPRESSIONS}]
                                }
                            }
                        )
                    },
                ]
            },
            {
                "affinity": {
                    "nodeAffinity": {
                        REQUIRED: {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [EXPRESSION]},
                                {"matchFields": [EXPRESSION]},
                                {"matchExpressions": NO_EXPRESSIONS},
                            ]
                        },
                        PREFERRED: [
                            {"weight": 5, "preference": {"matchExpressions": [EXPRESSION]}}
                        ],
                    }
                }
            },
            id="node affinity",
        ),
        pytest.param(
            {"nodeSelector": {"labels": {"a": "b"}}}, {"nodeSelector": {"a": "b"}}, id="selector"
        ),
        pytest.param(
            {"nodeSelector": {"nodeSelectorJson": constant({"a": "b"})}},
            {"nodeSelector": {"a": "b"}},
            id="selector from a constant",
        ),
        pytest.param(
            {"podMetadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}},
            {"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}},
            id="labels and annotations",
        ),
        pytest.param({"activeDeadlineSeconds": "60"}, {"activeDeadlineSeconds": 60}, id="deadline"),
        pytest.param(
            {"securityContext": {"runAsUser": "1", "runAsGroup": "0", "runAsNonRoot": False}},
            {"securityContext": {"runAsUser": 1, "runAsGroup": 0, "runAsNonRoot": False}},
            id="security context",
        ),
    ],
)
def test_constants_are_in_the_template(config: Json, expected: Json) -> None:
    assert added(config) == expected


def test_init_containers_follow_the_driver_and_mount_volumes_of_the_pod() -> None:
    config = {
        "emptyDirMounts": [{"volumeName": "Tools", "mountPath": "/tools"}],
        "genericEphemeralVolume": [SCRATCH],
        "initContainers": [
            {
                "name": "fetch",
                "image": "alpine:3.20",
                "command": ["sh"],
                "args": ["-c", "true"],
                "env": [{"name": "A", "value": "1"}],
                "volumeMounts": [
                    {"volumeName": "Tools", "mountPath": "/t"},
                    {"volumeName": "scratch", "mountPath": "/s"},
                ],
                "restartPolicy": "Always",
                "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
            },
            {"name": "then", "image": "alpine:3.20"},
        ],
    }

    found = added(config)

    names = [volume["name"] for volume in found["volumes"]]
    assert names == ["empty-tools-7c79c82b", "ephemeral-scratch"]
    assert found["initContainers"] == [
        {
            "name": "fetch",
            "image": "alpine:3.20",
            "command": ["sh"],
            "args": ["-c", "true"],
            "env": [{"name": "A", "value": "1"}],
            "volumeMounts": [
                {"name": names[0], "mountPath": "/t"},
                {"name": names[1], "mountPath": "/s"},
            ],
            "restartPolicy": "Always",
            "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
        },
        {"name": "then", "image": "alpine:3.20"},
    ]


def test_pull_secrets_are_in_the_patch_as_templates_have_no_field_for_them() -> None:
    config = {"imagePullSecret": [{"secretName": "a"}, {"secretName": "b"}]}

    assert patched(config, {}) == {"imagePullSecrets": [{"name": "a"}, {"name": "b"}]}


FIRST_ENV = {"name": "ARGOSY", "value": "1"}
FIRST_VOLUME = {"name": "argosy-exchange"}
FIRST_MOUNT = {"name": "argosy-exchange", "mountPath": "/argosy/exchange"}


@pytest.mark.parametrize(
    ("config", "value", "expected"),
    [
        pytest.param(
            {
                "secretAsEnv": [
                    {
                        "secretNameParameter": given("name"),
                        "keyToEnv": [{"secretKey": "k", "envVar": "A"}],
                        "optional": True,
                    }
                ]
            },
            "s",
            {
                "env": [
                    FIRST_ENV,
                    {
                        "name": "A",
                        "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}},
                    },
                ]
            },
            id="secret as variable",
        ),
        pytest.param(
            {
                "configMapAsEnv": [
                    {
                        "configMapNameParameter": given("name"),
                        "keyToEnv": [{"configMapKey": "k", "envVar": "A"}],
                    }
                ]
            },
            None,
            {"env": [FIRST_ENV]},
            id="config map as variable, null",
        ),
        pytest.param(
            {"secretAsVolume": [{"secretNameParameter": given("name"), "mountPath": "/s"}]},
            "s",
            {
                "volumes": [
                    FIRST_VOLUME,
                    {"name": "V", "secret": {"secretName": "s", "optional": False}},
                ],
                "volumeMounts": [FIRST_MOUNT, {"name": "V", "mountPath": "/s"}],
            },
            id="secret as volume",
        ),
        pytest.param(
            {"configMapAsVolume": [{"configMapNameParameter": given("name"), "mountPath": "/c"}]},
            "c",
            {
                "volumes": [
                    FIRST_VOLUME,
                    {"name": "V", "configMap": {"name": "c", "optional": False}},
                ],
                "volumeMounts": [FIRST_MOUNT, {"name": "V", "mountPath": "/c"}],
            },
            id="config map as volume",
        ),
        pytest.param(
            {"secretAsVolume": [{"secretNameParameter": given("name"), "mountPath": "/s"}]},
            None,
            {"volumes": [FIRST_VOLUME], "volumeMounts": [FIRST_MOUNT]},
            id="secret as volume, null",
        ),
        pytest.param(
            {"imagePullSecret": [{"secretNameParameter": given("name")}]},
            "s",
            {"imagePullSecrets": [{"name": "argosy"}, {"name": "s"}]},
            id="pull secret",
        ),
        pytest.param(
            {"imagePullSecret": [{"secretNameParameter": given("name")}]},
            None,
            {"imagePullSecrets": [{"name": "argosy"}]},
            id="pull secret, null",
        ),
    ],
)
def test_a_name_from_a_parameter_is_in_the_patch_unless_it_is_null(
    config: Json, value: str | None, expected: Json
) -> None:
    patch = patched(config, {"name": value}, {"name": OPTIONAL_NAME})

    main = patch.pop("containers", [{"name": "main"}])[0]
    found = {**patch, **main}
    assert found.pop("name") == "main"
    names = [volume["name"] for volume in found.get("volumes", ())[1:]]
    assert json.loads(json.dumps(found).replace(names[0], "V") if names else json.dumps(found)) == (
        expected
    )


def test_no_selector_or_toleration_of_a_run_is_a_tag() -> None:
    """Argo replaces tags in a patch once more when it makes the pod, and a tag could end a text."""
    config = {
        "nodeSelector": {"nodeSelectorJson": given("object")},
        "tolerations": [{"tolerationJson": given("list")}],
    }
    tag = "{{=workflow.parameters.x}} {{{ }}"
    values = {"object": {tag: TAG}, "list": [{"key": tag}]}

    patch = patched(config, {name: json.dumps(value) for name, value in values.items()})

    assert patch == {"nodeSelector": {tag: TAG}, "tolerations": [{"key": tag}]}


def test_a_claim_from_a_parameter_takes_its_mounts_into_the_patch() -> None:
    """Argo looks for the volume of a mount before it applies the patch."""
    mount = {"pvcNameParameter": given("claim"), "mountPath": "/a", "subPath": "s"}
    config = {"pvcMount": [mount, {"constant": "data", "mountPath": "/b"}]}

    patch = patched(config, {"claim": "mine"})

    name = patch["volumes"][0]["name"]
    assert patch == {
        "volumes": [{"name": name, "persistentVolumeClaim": {"claimName": "mine"}}],
        "containers": [
            {
                "name": "main",
                "volumeMounts": [{"name": name, "mountPath": "/a", "subPath": "s"}],
            }
        ],
    }
    assert added(config)["mounts"] == [{"name": "pvc-data", "mountPath": "/b"}]


NO_TOLERATION = {"key": "argosy", "operator": "Exists"}


@pytest.mark.parametrize(
    ("entries", "values", "expected"),
    [
        ([given("list")], {"list": [{"key": "a"}, {"key": "b"}]}, [{"key": "a"}, {"key": "b"}]),
        ([given("list")], {"list": None}, []),
        ([given("object")], {"object": {"key": "a"}}, [NO_TOLERATION, {"key": "a"}]),
        ([given("object")], {"object": {}}, [NO_TOLERATION]),
        ([given("object")], {"object": None}, [NO_TOLERATION]),
        ([constant({"key": "c"}), given("object")], {"object": {"key": "a"}},
         [{"key": "c"}, {"key": "a"}]),
    ],
)  # fmt: skip
def test_tolerations_from_parameters_are_in_the_patch(
    entries: list[Json], values: dict[str, JsonValue], expected: list[Json]
) -> None:
    config = {"tolerations": [{"tolerationJson": entry} for entry in entries]}

    texts = {name: json.dumps(value) for name, value in values.items()}

    assert patched(config, texts) == {"tolerations": expected}
    assert added(config) == {}


@pytest.mark.parametrize(("value", "expected"), [({"a": "b"}, {"a": "b"}), (None, {})])
def test_a_node_selector_from_a_parameter_is_in_the_patch(value: JsonValue, expected: Json) -> None:
    config = {"nodeSelector": {"nodeSelectorJson": given("object")}}

    assert patched(config, {"object": json.dumps(value)}) == {"nodeSelector": expected}


@pytest.mark.parametrize(
    "value", [{REQUIRED: {"nodeSelectorTerms": [{"matchFields": [EXPRESSION]}]}}, None]
)
def test_a_node_affinity_from_a_parameter_is_in_the_patch(value: JsonValue) -> None:
    config = {"nodeAffinity": [{"nodeAffinityJson": given("object")}]}

    found = patched(config, {"object": json.dumps(value)})

    assert found == {"affinity": {"nodeAffinity": value}}


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        ({"tolerations": [{"tolerationJson": given("list")}, {"key": "a"}]}, "tolerations"),
        ({"tolerations": [{"key": "a"}, {"tolerationJson": given("list")}]}, "tolerations"),
        (
            {
                "nodeAffinity": [
                    {"nodeAffinityJson": given("object")},
                    {"matchFields": [EXPRESSION]},
                ]
            },
            "nodeAffinity",
        ),
    ],
)
def test_a_whole_field_from_a_parameter_beside_other_values_is_refused(
    config: Json, setting: str
) -> None:
    with pytest.raises(InvalidPipelineError) as caught:
        compiled(config)

    assert str(caught.value) == (
        "root.dag.tasks.t: its pod cannot be made before it starts: a parameter sets"
        f" '{setting}' as a whole, and something else sets it too; put all into the parameter"
    )


@pytest.mark.parametrize("field", ["imagePullSecret", "secretAsVolume"])
def test_a_placeholder_in_a_constant_is_refused(field: str) -> None:
    entry = {"secretNameParameter": constant("{{$.inputs.parameters['x']}}")}
    mount = {"mountPath": "/s"} if field == "secretAsVolume" else {}

    with pytest.raises(InvalidPipelineError) as caught:
        compiled({field: [{**entry, **mount}]})

    assert str(caught.value) == (
        "root.dag.tasks.t: its pod cannot be made before it starts: it reads a placeholder"
    )


GROUPS: dict[str, tuple[Json, str]] = {
    "ENV": ({"fieldPathAsEnv": [{"name": "A", "fieldPath": "spec.nodeName"}]}, "env"),
    "KUBERNETES_AFFINITY": ({"nodeAffinity": [{"matchFields": [EXPRESSION]}]}, "affinity"),
    "KUBERNETES_NODE_SELECTOR": ({"nodeSelector": {"labels": {"a": "b"}}}, "nodeSelector"),
    "KUBERNETES_TOLERATIONS": ({"tolerations": [{"key": "a"}]}, "tolerations"),
    "KUBERNETES_VOLUMES": ({"pvcMount": [{"constant": "c", "mountPath": "/c"}]}, "volumes"),
    "RESOURCES": ({}, "resources"),
}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("applied", [True, False])
def test_settings_that_are_only_passed_through_are_not_the_tasks_own(
    group: str, applied: bool
) -> None:
    config, field = GROUPS[group]
    component = leaf({"config": "TASK_CONFIG"}, resources={"resourceCpuLimit": "1"})
    passed = {"field": group, "applyToTask": applied}
    component["extra"] = {"taskConfigPassthroughs": [passed]}
    deadline = {"activeDeadlineSeconds": "60"}

    found = added({**config, **deadline}, component=component)

    assert (field in found) is applied
    assert found["activeDeadlineSeconds"] == 60


@pytest.mark.parametrize("applied", [True, False])
def test_a_workspace_is_a_volume_that_may_be_passed_through(applied: bool) -> None:
    component = leaf({"config": "TASK_CONFIG"})
    passed = {"field": "KUBERNETES_VOLUMES", "applyToTask": applied}
    component["extra"] = {"taskConfigPassthroughs": [passed]}
    made = pipeline(dag({"t": task("comp-t")}), {"comp-t": component})
    made = replace(made, pipeline_config=PipelineConfig(workspace=Workspace(size="1Gi")))

    found = _fields(compile_pipeline(made, OPTIONS).workflow)

    mount = {"name": "kfp-workspace", "mountPath": "/kfp-workspace"}
    assert found["mounts"] == ([mount] if applied else [])
    assert [volume["name"] for volume in found["volumes"]] == ["kfp-workspace"] * applied


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (PipelineConfig(), {}),
        (PipelineConfig(active_deadline_seconds=1), {"activeDeadlineSeconds": 1}),
        (
            PipelineConfig(ttl_seconds_after_completion=1),
            {"ttlStrategy": {"secondsAfterCompletion": 1}},
        ),
        (PipelineConfig(ttl_seconds_after_success=1), {"ttlStrategy": {"secondsAfterSuccess": 1}}),
        (PipelineConfig(ttl_seconds_after_failure=1), {"ttlStrategy": {"secondsAfterFailure": 1}}),
        (
            PipelineConfig(
                workspace=Workspace(
                    size="1Gi", access_modes=("ReadWriteMany",), storage_class="fast"
                )
            ),
            {
                "volumeClaimTemplates": [
                    {
                        "metadata": {"name": "kfp-workspace"},
                        "spec": {
                            "accessModes": ["ReadWriteMany"],
                            "resources": {"requests": {"storage": "1Gi"}},
                            "storageClassName": "fast",
                        },
                    }
                ]
            },
        ),
        (
            PipelineConfig(workspace=Workspace(size="1Gi")),
            {
                "volumeClaimTemplates": [
                    {
                        "metadata": {"name": "kfp-workspace"},
                        "spec": {
                            "accessModes": ["ReadWriteOnce"],
                            "resources": {"requests": {"storage": "1Gi"}},
                        },
                    }
                ]
            },
        ),
    ],
)
def test_settings_of_a_run_are_in_the_spec(config: PipelineConfig, expected: Json) -> None:
    made = replace(pipeline(dag({"t": task("comp-t")}), {"comp-t": leaf()}), pipeline_config=config)

    spec: Any = compile_pipeline(made, OPTIONS).workflow["spec"]

    names = ("activeDeadlineSeconds", "ttlStrategy", "volumeClaimTemplates")
    assert {name: spec[name] for name in names if name in spec} == expected


@pytest.mark.parametrize(
    ("kind", "tag", "image"),
    [
        ("NUMBER_INTEGER", "7", "app:7-slim"),
        ("NUMBER_INTEGER", "null", "app:-slim"),
        ("STRING", "{{=workflow.uid}}", "app:{ {=workflow.uid}}-slim"),
    ],
)
def test_an_image_may_hold_parameters_of_any_type(kind: str, tag: str, image: str) -> None:
    optional = {"parameterType": kind, "isOptional": True}
    component = leaf({"tag": optional}, image="app:{{$.inputs.parameters['tag']}}-slim")
    root = dag({"t": task("comp-t", {"tag": given("tag")})}, {"tag": optional})

    workflow: Any = compile_pipeline(pipeline(root, {"comp-t": component}), OPTIONS).workflow

    (template,) = (one for one in workflow["spec"]["templates"] if "dag" in one)
    arguments = {
        one["name"]: one["value"] for one in template["dag"]["tasks"][0]["arguments"]["parameters"]
    }
    expression = arguments["image"].removeprefix("{{=").removesuffix("}}")
    assert evaluate(expression, {"workflow": {"parameters": {"tag": tag}}}) == image


def test_an_image_with_a_tag_of_argo_is_refused() -> None:
    with pytest.raises(InvalidPipelineError) as caught:
        compiled({}, component=leaf(image="app:{{workflow.name}}"))

    assert str(caught.value) == (
        "root.dag.tasks.t: 'app:{{workflow.name}}' in its settings would be a tag for Argo, which "
        "replaces it; write out what it stands for"
    )


def test_names_of_volumes_are_distinct_and_fit_into_a_label() -> None:
    objects = ["a", "a.b", "a-b", "A", "x" * 300, "x" * 301]
    volumes = [
        VolumeName(kind=kind, name=name) for kind in ("secret", "configMap") for name in objects
    ]

    names = [make_volume_name(volume) for volume in volumes]

    assert len(set(names)) == len(volumes)
    assert all(len(name) <= 63 and name.replace("-", "").isalnum() for name in names)
    assert names[0] == "secret-a"


def test_an_output_names_a_volume_by_its_task() -> None:
    """The name does not depend on the order in which a file has the two members."""
    root = dag({"t": task("comp-t", dependentTasks=["before"]), "before": task("comp-b")})
    source = output("before")
    turned = {"taskOutputParameter": dict(reversed(source["taskOutputParameter"].items()))}
    components = {"comp-t": leaf(), "comp-b": leaf(outputs={"Output": "STRING"})}

    workflows = [
        compile_pipeline(
            pipeline(root, components, kubernetes={"exec-t": {"pvcMount": [mount]}}),
            OPTIONS,
        ).workflow
        for mount in (
            {"mountPath": "/a", "pvcNameParameter": source},
            {"mountPath": "/a", "pvcNameParameter": turned},
        )
    ]

    patches = [
        [task["arguments"] for task in workflow["spec"]["templates"][0]["dag"]["tasks"]]
        for workflow in map(dict[str, Any], workflows)
    ]
    assert patches[0] == patches[1]
    assert "pvc-taskoutputparameter-outputparameterkey-output-" in str(patches[0])

"""``dsl.TaskConfig``: the settings of the pod, for components that start pods of their own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy_driver.preparing.pod_values import PodValues
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.kubernetes.fields import KubernetesExecutorConfig
from argosy_schemas.ir.kubernetes.volumes import ClaimMount, ObjectAsVolume
from argosy_schemas.values import UNSET
from driver_support import Json, World, constant, dag, given, leaf, output, pipeline, task

NOTHING: Json = {
    "affinity": None,
    "tolerations": None,
    "nodeSelector": None,
    "env": None,
    "volumes": None,
    "volumeMounts": None,
    "resources": {},
}


EXPRESSION = {"key": "zone", "operator": "In", "values": ["a"]}
NODE_AFFINITY = {
    "requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchFields": [EXPRESSION]}]
    }
}


def prepared(
    fields: dict[str, bool], settings: Json, directory: Path, **container: Any
) -> tuple[World, Any]:
    """A task whose component lists ``fields`` (with ``applyToTask``)."""
    component = leaf({"cfg": "TASK_CONFIG", "ws": "STRING"}, args=["{{$}}"], **container)
    component["extra"] = {
        "taskConfigPassthroughs": [
            {"field": field, "applyToTask": applied} for field, applied in fields.items()
        ]
    }
    root = dag(
        {
            "t": task("comp-t", {"ws": "none"}, dependentTasks=["before"]),
            "before": task("comp-b"),
        },
        {
            "claim": {"parameterType": "STRING", "defaultValue": "my-claim"},
            "nothing": {"parameterType": "STRUCT", "isOptional": True},
            "labels": {"parameterType": "STRUCT", "defaultValue": {"zone": "a"}},
            "empty": {"parameterType": "STRUCT", "defaultValue": {}},
            "several": {"parameterType": "LIST", "defaultValue": [{"key": "a"}, {}, {"key": "b"}]},
            "affinity": {"parameterType": "STRUCT", "defaultValue": NODE_AFFINITY},
            "no_name": {"parameterType": "STRING", "isOptional": True},
            "blank": {"parameterType": "STRING", "defaultValue": ""},
        },
    )
    components = {"comp-t": component, "comp-b": leaf(outputs={"Output": "STRING"})}
    world = World(pipeline(root, components, kubernetes={"exec-t": settings}))
    world.succeeded("before", Output="my-secret")
    return world, world.prepare("t", directory)


def config(fields: list[str], settings: Json, directory: Path, **container: Any) -> Json:
    _, step = prepared(dict.fromkeys(fields, True), settings, directory, **container)
    assert step.failure is None, step.failure
    found: Json = json.loads(step.argv[1])["inputs"]["parameterValues"]["cfg"]
    assert step.inputs.parameters["cfg"] == found
    return {name: value for name, value in found.items() if value != NOTHING[name]}


TOLERATION = {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("fields", "settings", "told"),
    [
        pytest.param([], {"nodeSelector": {"labels": {"a": "b"}}}, {}, id="nothing listed"),
        pytest.param(
            ["KUBERNETES_NODE_SELECTOR"],
            {"nodeSelector": {"labels": {"a": "b"}}},
            {"nodeSelector": {"a": "b"}},
            id="node selector",
        ),
        pytest.param(
            ["KUBERNETES_NODE_SELECTOR"],
            {"nodeSelector": {"nodeSelectorJson": given("labels")}},
            {"nodeSelector": {"zone": "a"}},
            id="node selector from a parameter",
        ),
        pytest.param(
            ["KUBERNETES_NODE_SELECTOR"],
            {"nodeSelector": {"nodeSelectorJson": given("nothing")}},
            {},
            id="null is left out",
        ),
        pytest.param(
            ["KUBERNETES_TOLERATIONS"],
            {
                "tolerations": [
                    {**TOLERATION, "tolerationSeconds": "60"},
                    {"tolerationJson": constant([{"key": "b"}, {}])},
                    {"tolerationJson": constant({"key": "c"})},
                ]
            },
            {
                "tolerations": [
                    {**TOLERATION, "tolerationSeconds": 60},
                    {"key": "b"},
                    {"key": "c"},
                ]
            },
            id="tolerations",
        ),
        pytest.param(
            ["KUBERNETES_NODE_SELECTOR"],
            {"nodeSelector": {"nodeSelectorJson": given("empty")}},
            {},
            id="an empty node selector is left out",
        ),
        pytest.param(
            ["KUBERNETES_TOLERATIONS"],
            {
                "tolerations": [
                    {"tolerationJson": given("several")},
                    {"key": "c"},
                    {"tolerationJson": given("labels")},
                    {"tolerationJson": given("nothing")},
                    {"tolerationJson": given("empty")},
                ]
            },
            {"tolerations": [{"key": "a"}, {"key": "b"}, {"key": "c"}, {"zone": "a"}]},
            id="tolerations from parameters",
        ),
        pytest.param(
            ["KUBERNETES_TOLERATIONS"],
            {"tolerations": [{"tolerationJson": given("nothing")}]},
            {},
            id="no tolerations",
        ),
        pytest.param(
            ["KUBERNETES_AFFINITY"],
            {
                "nodeAffinity": [
                    {"nodeAffinityJson": given("nothing")},
                    {"matchExpressions": [EXPRESSION]},
                    {"nodeAffinityJson": given("affinity")},
                ]
            },
            {
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [EXPRESSION]},
                                {"matchFields": [EXPRESSION]},
                            ]
                        }
                    }
                }
            },
            id="affinity from a parameter",
        ),
        pytest.param(
            ["KUBERNETES_AFFINITY"],
            {"nodeAffinity": [{"nodeAffinityJson": given("empty")}]},
            {},
            id="no affinity",
        ),
        pytest.param(
            ["ENV", "KUBERNETES_VOLUMES"],
            {
                "secretAsEnv": [
                    {
                        "secretNameParameter": given("no_name"),
                        "keyToEnv": [{"secretKey": "k", "envVar": "S"}],
                    }
                ],
                "configMapAsVolume": [
                    {"configMapNameParameter": given("no_name"), "mountPath": "/c"}
                ],
            },
            {"env": [{"name": "E", "value": "of none"}], "volumes": [], "volumeMounts": []},
            id="names that are null are left out",
        ),
        pytest.param(
            ["KUBERNETES_VOLUMES"],
            {
                "emptyDirMounts": [{"volumeName": "v", "mountPath": "/v"}],
                "imagePullSecret": [{"secretName": "s"}],
                "activeDeadlineSeconds": "60",
            },
            {"volumes": [], "volumeMounts": []},
            id="settings of no group",
        ),
        pytest.param(
            ["KUBERNETES_AFFINITY"],
            {
                "nodeAffinity": [
                    {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
                    {"matchFields": [{"key": "b", "operator": "Exists"}], "weight": 5},
                    {},
                ]
            },
            {
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [{"key": "a", "operator": "Exists"}]}
                            ]
                        },
                        "preferredDuringSchedulingIgnoredDuringExecution": [
                            {
                                "weight": 5,
                                "preference": {"matchFields": [{"key": "b", "operator": "Exists"}]},
                            }
                        ],
                    }
                }
            },
            id="affinity",
        ),
        pytest.param(
            ["ENV"],
            {
                "secretAsEnv": [
                    {
                        "secretNameParameter": output("before"),
                        "keyToEnv": [{"secretKey": "k", "envVar": "S"}],
                        "optional": True,
                    }
                ],
                "configMapAsEnv": [
                    {"configMapName": "m", "keyToEnv": [{"configMapKey": "k", "envVar": "C"}]}
                ],
                "fieldPathAsEnv": [{"name": "F", "fieldPath": "metadata.name"}],
            },
            {
                "env": [
                    {"name": "E", "value": "of none"},
                    {
                        "name": "S",
                        "valueFrom": {
                            "secretKeyRef": {"name": "my-secret", "key": "k", "optional": True}
                        },
                    },
                    {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}},
                    {"name": "F", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ]
            },
            id="environment",
        ),
        pytest.param(
            ["KUBERNETES_VOLUMES"],
            {
                "pvcMount": [
                    {"pvcNameParameter": given("claim"), "mountPath": "/a", "subPath": "s"},
                    {"componentInputParameter": "claim", "mountPath": "/b"},
                ],
                "secretAsVolume": [{"secretName": "x.y", "mountPath": "/s", "optional": True}],
                "configMapAsVolume": [{"configMapName": "x.y", "mountPath": "/c"}],
            },
            {
                "volumes": [
                    {"name": "my-claim", "persistentVolumeClaim": {"claimName": "my-claim"}},
                    {"name": "x-y", "secret": {"secretName": "x.y", "optional": True}},
                    {"name": "x-y-2", "configMap": {"name": "x.y", "optional": False}},
                ],
                "volumeMounts": [
                    {"name": "my-claim", "mountPath": "/a", "subPath": "s"},
                    {"name": "my-claim", "mountPath": "/b"},
                    {"name": "x-y", "mountPath": "/s"},
                    {"name": "x-y-2", "mountPath": "/c"},
                ],
            },
            id="volumes",
        ),
    ],
)
def test_the_listed_groups_are_told(
    fields: list[str], settings: Json, told: Json, tmp_path: Path
) -> None:
    env = [{"name": "E", "value": "of {{$.inputs.parameters['ws']}}"}]

    assert config(fields, settings, tmp_path, env=env) == told


@pytest.mark.parametrize("length", [1, 61, 62, 63, 64, 253])
def test_volumes_of_one_name_are_told_apart_however_long_it_is(length: int) -> None:
    name = "x" * length
    secret = ObjectAsVolume(kind="secret", name=name, mount_path="/b", optional=False)
    config = KubernetesExecutorConfig(
        pvc_mount=(ClaimMount(name=name, mount_path="/a", sub_path=""),),
        secret_as_volume=(secret,),
        config_map_as_volume=(replace(secret, kind="configMap", mount_path="/c"),),
    )

    pod = PodValues(config, lambda _parameter: UNSET).make_pod({"KUBERNETES_VOLUMES"})

    names = [volume["name"] for volume in pod["volumes"]]
    assert names[0] == name[:63]
    assert names[1:] == [f"{name[:61]}-2", f"{name[:61]}-3"]
    assert pod["container"]["volumeMounts"] == [
        {"name": each, "mountPath": path}
        for each, path in zip(names, ("/a", "/b", "/c"), strict=True)
    ]


def test_resources_are_told_resolved(tmp_path: Path) -> None:
    resources = {
        "resourceCpuLimit": "2",
        "resourceMemoryRequest": "{{$.inputs.parameters['ws']}}",
        "accelerator": {"resourceType": "nvidia.com/gpu", "resourceCount": "1"},
    }

    told = config(["RESOURCES"], {}, tmp_path, resources=resources)

    assert told == {
        "resources": {
            "limits": {"cpu": "2", "nvidia.com/gpu": "1"},
            "requests": {"memory": "none"},
        }
    }


def test_an_accelerator_without_a_type_is_not_told(tmp_path: Path) -> None:
    resources = {"resourceCpuLimit": "2", "accelerator": {"resourceCount": "1"}}

    found = config(["RESOURCES"], {}, tmp_path, resources=resources)

    assert found == {"resources": {"limits": {"cpu": "2"}}}


def test_a_workspace_is_a_volume_too(tmp_path: Path) -> None:
    env = [{"name": "W", "value": "{{$.workspace_path}}"}]

    assert config(["KUBERNETES_VOLUMES"], {}, tmp_path, env=env) == {
        "volumes": [
            {
                "name": "kfp-workspace",
                "persistentVolumeClaim": {"claimName": "demo-x7k2p-kfp-workspace"},
            }
        ],
        "volumeMounts": [{"name": "kfp-workspace", "mountPath": "/kfp-workspace"}],
    }


@pytest.mark.parametrize(
    ("fields", "env"),
    [
        pytest.param({}, (("E", "1"),), id="not listed"),
        pytest.param({"ENV": True}, (("E", "1"),), id="listed and applied"),
        pytest.param({"ENV": False}, (), id="listed alone"),
    ],
)
def test_an_environment_that_is_passed_through_is_not_the_components_own(
    fields: dict[str, bool], env: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    _, step = prepared(fields, {}, tmp_path, env=[{"name": "E", "value": "1"}])

    assert step.env == env


@pytest.mark.parametrize(
    ("field", "settings", "message"),
    [
        (
            "KUBERNETES_TOLERATIONS",
            {"tolerations": [{"tolerationJson": given("claim")}]},
            "'tolerations' needs an object or a list of objects",
        ),
        (
            "KUBERNETES_NODE_SELECTOR",
            {"nodeSelector": {"nodeSelectorJson": given("several")}},
            "'nodeSelector' needs an object of strings",
        ),
        (
            "KUBERNETES_VOLUMES",
            {"pvcMount": [{"pvcNameParameter": given("nothing"), "mountPath": "/a"}]},
            "'pvcMount' needs the name of a claim",
        ),
        (
            "ENV",
            {
                "configMapAsEnv": [
                    {
                        "configMapNameParameter": given("blank"),
                        "keyToEnv": [{"configMapKey": "k", "envVar": "C"}],
                    }
                ]
            },
            "'configMapAsEnv' needs a name",
        ),
        (
            "KUBERNETES_AFFINITY",
            {"nodeAffinity": [{"nodeAffinityJson": given("several")}]},
            "'nodeAffinity' needs an object",
        ),
        (
            "KUBERNETES_AFFINITY",
            {
                "nodeAffinity": [
                    {"nodeAffinityJson": given("affinity")},
                    {
                        "nodeAffinityJson": constant(
                            {"requiredDuringSchedulingIgnoredDuringExecution": []}
                        )
                    },
                ]
            },
            "'requiredDuringSchedulingIgnoredDuringExecution' needs values that go together",
        ),
    ],
)
def test_a_setting_of_the_wrong_kind_is_refused(
    field: str, settings: Json, message: str, tmp_path: Path
) -> None:
    _, step = prepared({field: True}, settings, tmp_path)

    assert step.failure is not None
    assert step.failure.reason is Reason.INVALID_INPUT
    assert step.failure.message == (
        f"task 't': Kubernetes setting {message}; see the value that it is taken from"
    )

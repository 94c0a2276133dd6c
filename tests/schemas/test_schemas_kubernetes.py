"""``KubernetesExecutorConfig`` and ``pipelineConfig``: what is read, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from argosy_schemas.errors import UnsupportedError
from argosy_schemas.ir.kubernetes.containers import FieldPathAsEnv, InitContainer, ObjectAsEnv
from argosy_schemas.ir.kubernetes.fields import FIELDS, REFUSED, KubernetesExecutorConfig
from argosy_schemas.ir.kubernetes.fragments import ConflictError, merge_fragments
from argosy_schemas.ir.kubernetes.leaves import InputParameter, ParameterKind, VolumeName
from argosy_schemas.ir.kubernetes.volumes import (
    ClaimMount,
    EmptyDirMount,
    EphemeralVolume,
    ObjectAsVolume,
)
from argosy_schemas.ir.model import (
    ComponentInput,
    Constant,
    ParameterSource,
    PipelineConfig,
    TaskOutput,
    Workspace,
)
from argosy_schemas.reading.structure import load_schema
from argosy_schemas.values import JsonValue
from schemas_specs import MISSING, edited, problems, read, refusal, small

EXECUTOR = "platforms.kubernetes.deploymentSpec.executors.exec-use"
WORKSPACE = "platforms.kubernetes.pipelineConfig.workspace"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
EXPRESSION = {"key": "zone", "operator": "In", "values": ["a"]}

NO_TERMS: list[Any] = []
EMPTY: dict[str, Any] = {}
COUNT = {"componentInputParameter": "count"}
OUTPUT = {"taskOutputParameter": {"producerTask": "make", "outputParameterKey": "Output"}}


def constant(value: JsonValue) -> dict[str, Any]:
    return {"runtimeValue": {"constant": value}}


def executor(**fields: Any) -> dict[str, Any]:
    """A platform document with the configuration of ``exec-use``."""
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec-use": fields}}}}}


def pipeline_config(**fields: Any) -> dict[str, Any]:
    return {"platforms": {"kubernetes": {"pipelineConfig": fields}}}


def parameter(
    setting: str, kind: ParameterKind, source: ParameterSource | None = None
) -> InputParameter:
    return InputParameter(
        source=ComponentInput("count") if source is None else source,
        kind=kind,
        setting=setting,
        path=(),
    )


def config(**attributes: Any) -> KubernetesExecutorConfig:
    return KubernetesExecutorConfig(**attributes)


NAME_FIELDS = [("secretAsVolume", "secret"), ("configMapAsVolume", "configMap")]
ENV_FIELDS = [("secretAsEnv", "secret"), ("configMapAsEnv", "configMap")]


@pytest.mark.parametrize(("field", "kind"), NAME_FIELDS)
def test_secrets_and_config_maps_are_read_as_volumes(field: str, kind: Any) -> None:
    entries = [
        {f"{kind}Name": "older", "mountPath": "/a"},
        {f"{kind}Name": "x", f"{kind}NameParameter": constant("newer"), "mountPath": "/b"},
        {f"{kind}NameParameter": COUNT, "mountPath": "/c", "optional": True},
    ]

    found = read(small(), executor(**{field: entries})).kubernetes["exec-use"]

    given = parameter(field, ParameterKind.NAME)
    attribute = {"secret": "secret_as_volume", "configMap": "config_map_as_volume"}[kind]
    assert found == config(
        **{
            attribute: (
                ObjectAsVolume(kind=kind, name="older", mount_path="/a", optional=False),
                ObjectAsVolume(kind=kind, name="newer", mount_path="/b", optional=False),
                ObjectAsVolume(kind=kind, name=given, mount_path="/c", optional=True),
            )
        },
        parameters=(given,),
    )


@pytest.mark.parametrize(("field", "kind"), ENV_FIELDS)
def test_secrets_and_config_maps_are_read_as_variables(field: str, kind: Any) -> None:
    keys = [{f"{kind}Key": "k", "envVar": "A"}, {f"{kind}Key": "l", "envVar": "B"}]
    entries = [
        {f"{kind}Name": "older", "keyToEnv": keys},
        {f"{kind}NameParameter": OUTPUT, "keyToEnv": keys[:1], "optional": False},
        {f"{kind}NameParameter": constant("none")},
    ]

    found = read(small(), executor(**{field: entries})).kubernetes["exec-use"]

    given = parameter(field, ParameterKind.NAME, TaskOutput("make", "Output"))
    attribute = {"secret": "secret_as_env", "configMap": "config_map_as_env"}[kind]
    assert found == config(
        **{
            attribute: (
                ObjectAsEnv(
                    kind=kind, name="older", variables=(("k", "A"), ("l", "B")), optional=None
                ),
                ObjectAsEnv(kind=kind, name=given, variables=(("k", "A"),), optional=False),
                ObjectAsEnv(kind=kind, name="none", variables=(), optional=None),
            )
        },
        parameters=(given,),
    )


def test_claims_are_read_as_older_and_newer_sdks_write_them() -> None:
    older_output = {"mountPath": "/a", **OUTPUT}
    mounts = [
        {"constant": "older", "mountPath": "/a", "subPath": "s"},
        older_output,
        {"mountPath": "/c", **COUNT},
        {"constant": "x", "pvcNameParameter": constant("newer"), "mountPath": "/d"},
        {**older_output, "pvcNameParameter": COUNT},
    ]

    found = read(small(), executor(pvcMount=mounts)).kubernetes["exec-use"]

    kind = ParameterKind.CLAIM_NAME
    output = parameter("pvcMount", kind, TaskOutput("make", "Output"))
    count = parameter("pvcMount", kind)
    assert found == config(
        pvc_mount=(
            ClaimMount(name="older", mount_path="/a", sub_path="s"),
            ClaimMount(name=output, mount_path="/a", sub_path=""),
            ClaimMount(name=count, mount_path="/c", sub_path=""),
            ClaimMount(name="newer", mount_path="/d", sub_path=""),
            ClaimMount(name=count, mount_path="/a", sub_path=""),
        ),
        parameters=(output, count, count),
    )


SELECTOR = parameter("nodeSelector", ParameterKind.NODE_SELECTOR)
TOLERATION = parameter("tolerations", ParameterKind.TOLERATIONS)
AFFINITY = parameter("nodeAffinity", ParameterKind.NODE_AFFINITY)
PULL_SECRET = parameter("imagePullSecret", ParameterKind.NAME)


@pytest.mark.parametrize(
    ("field", "json", "expected"),
    [
        pytest.param(
            "fieldPathAsEnv",
            [{"name": "NODE", "fieldPath": "spec.nodeName"}],
            {"field_path_as_env": (FieldPathAsEnv(variable="NODE", field_path="spec.nodeName"),)},
            id="field path",
        ),
        pytest.param(
            "emptyDirMounts",
            [
                {"volumeName": "a", "mountPath": "/a"},
                {"volumeName": "b", "mountPath": "/b", "medium": "Memory", "sizeLimit": "1Gi"},
            ],
            {
                "empty_dir_mounts": (
                    EmptyDirMount(volume="a", mount_path="/a", medium="", size_limit=""),
                    EmptyDirMount(volume="b", mount_path="/b", medium="Memory", size_limit="1Gi"),
                )
            },
            id="empty directory",
        ),
        pytest.param(
            "genericEphemeralVolume",
            [
                {
                    "volumeName": "a",
                    "mountPath": "/a",
                    "size": "1Gi",
                    "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
                    "defaultStorageClass": True,
                    "metadata": {"labels": {"a": "b"}, "annotations": {}},
                },
                {
                    "volumeName": "b",
                    "mountPath": "/b",
                    "size": "2Gi",
                    "accessModes": ["ReadWriteMany", "ReadWriteOncePod"],
                    "storageClassName": "fast",
                },
                {"volumeName": "c", "mountPath": "/c", "size": "3Gi"},
            ],
            {
                "generic_ephemeral_volume": (
                    EphemeralVolume(
                        volume="a",
                        mount_path="/a",
                        size="1Gi",
                        access_modes=("ReadWriteOnce", "ReadOnlyMany"),
                        storage_class=None,
                        metadata={"labels": {"a": "b"}},
                    ),
                    EphemeralVolume(
                        volume="b",
                        mount_path="/b",
                        size="2Gi",
                        access_modes=("ReadWriteMany", "ReadWriteOncePod"),
                        storage_class="fast",
                    ),
                    EphemeralVolume(
                        volume="c", mount_path="/c", size="3Gi", access_modes=(), storage_class=""
                    ),
                )
            },
            id="ephemeral volume",
        ),
        pytest.param(
            "imagePullSecret",
            [{"secretName": "a"}, {"secretNameParameter": COUNT}],
            {"image_pull_secret": ("a", PULL_SECRET), "parameters": (PULL_SECRET,)},
            id="pull secret",
        ),
        pytest.param("imagePullPolicy", "Never", {"image_pull_policy": "Never"}, id="pull policy"),
        pytest.param("imagePullPolicy", "", {}, id="no pull policy"),
        pytest.param(
            "tolerations",
            [
                {
                    "key": "gpu",
                    "operator": "Equal",
                    "value": "yes",
                    "effect": "NoExecute",
                    "tolerationSeconds": "30",
                },
                {"key": "", "operator": "Exists", "tolerationSeconds": 0},
                {},
                {"tolerationJson": constant({"key": "b"})},
                {"tolerationJson": constant([{"key": "c"}, {}, {"key": "d"}])},
                {"tolerationJson": constant({})},
                {"tolerationJson": COUNT},
            ],
            {
                "tolerations": (
                    (
                        {
                            "key": "gpu",
                            "operator": "Equal",
                            "value": "yes",
                            "effect": "NoExecute",
                            "tolerationSeconds": 30,
                        },
                    ),
                    ({"operator": "Exists", "tolerationSeconds": 0},),
                    ({"key": "b"},),
                    ({"key": "c"}, {"key": "d"}),
                    TOLERATION,
                ),
                "parameters": (TOLERATION,),
            },
            id="tolerations",
        ),
        pytest.param(
            "nodeAffinity",
            [
                {"matchExpressions": [EXPRESSION], "matchFields": [EXPRESSION]},
                {"matchFields": [EXPRESSION], "weight": 1},
                {"matchExpressions": [EXPRESSION], "weight": 100.0},
                {"weight": 5},
                {"nodeAffinityJson": constant({PREFERRED: NO_TERMS})},
                {"nodeAffinityJson": constant({})},
                {"nodeAffinityJson": COUNT},
            ],
            {
                "node_affinity": (
                    {
                        REQUIRED: {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [EXPRESSION], "matchFields": [EXPRESSION]}
                            ]
                        }
                    },
                    {PREFERRED: [{"weight": 1, "preference": {"matchFields": [EXPRESSION]}}]},
                    {
                        PREFERRED: [
                            {"weight": 100, "preference": {"matchExpressions": [EXPRESSION]}}
                        ]
                    },
                    {PREFERRED: NO_TERMS},
                    AFFINITY,
                ),
                "parameters": (AFFINITY,),
            },
            id="node affinity",
        ),
        pytest.param(
            "nodeSelector", {"labels": {"a": "b"}}, {"node_selector": {"a": "b"}}, id="selector"
        ),
        pytest.param("nodeSelector", {}, {}, id="no selector"),
        pytest.param(
            "nodeSelector",
            {"nodeSelectorJson": constant({"a": "b"})},
            {"node_selector": {"a": "b"}},
            id="selector from a constant",
        ),
        pytest.param("nodeSelector", {"nodeSelectorJson": constant({})}, {}, id="empty selector"),
        pytest.param(
            "nodeSelector",
            {"nodeSelectorJson": COUNT},
            {"node_selector": SELECTOR, "parameters": (SELECTOR,)},
            id="selector from a parameter",
        ),
        pytest.param(
            "podMetadata",
            {"labels": {"a": "b"}, "annotations": {"c": "d"}},
            {"pod_metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}},
            id="metadata",
        ),
        pytest.param("podMetadata", {"labels": {}}, {}, id="no metadata"),
        pytest.param("activeDeadlineSeconds", "60", {"active_deadline_seconds": 60}, id="deadline"),
        pytest.param("activeDeadlineSeconds", -1, {}, id="no deadline"),
        pytest.param(
            "securityContext",
            {"runAsUser": "1000", "runAsGroup": 0, "runAsNonRoot": True},
            {"security_context": {"runAsUser": 1000, "runAsGroup": 0, "runAsNonRoot": True}},
            id="security context",
        ),
        pytest.param(
            "securityContext",
            {"runAsUser": 0, "runAsNonRoot": False},
            {"security_context": {"runAsUser": 0, "runAsNonRoot": False}},
            id="security context of root",
        ),
    ],
)
def test_a_field_is_read(field: str, json: Any, expected: dict[str, Any]) -> None:
    pipeline = read(small(), executor(**{field: json}))

    assert pipeline.kubernetes == {"exec-use": config(**expected)}


def test_init_containers_are_read_with_the_volumes_that_they_mount() -> None:
    fields = {
        "emptyDirMounts": [{"volumeName": "tools", "mountPath": "/tools"}],
        "genericEphemeralVolume": [{"volumeName": "big", "mountPath": "/big", "size": "1Ti"}],
        "initContainers": [
            {
                "name": "fetch",
                "image": "busybox",
                "command": ["sh", "-c"],
                "args": ["true"],
                "env": [{"name": "A", "value": "1"}, {"name": "B"}],
                "volumeMounts": [
                    {"volumeName": "tools", "mountPath": "/t"},
                    {"volumeName": "big", "mountPath": "/b"},
                ],
                "restartPolicy": "Always",
                "resources": {"requests": {"cpu": "1"}, "limits": {}},
            },
            {"name": "then", "image": "busybox", "restartPolicy": ""},
        ],
    }

    found = read(small(), executor(**fields)).kubernetes["exec-use"]

    assert found.init_containers == (
        InitContainer(
            name="fetch",
            image="busybox",
            command=("sh", "-c"),
            args=("true",),
            env=(("A", "1"), ("B", "")),
            mounts=(
                (VolumeName(kind="empty", name="tools"), "/t"),
                (VolumeName(kind="ephemeral", name="big"), "/b"),
            ),
            restart_policy="Always",
            resources={"requests": {"cpu": "1"}},
        ),
        InitContainer(
            name="then",
            image="busybox",
            command=(),
            args=(),
            env=(),
            mounts=(),
            restart_policy="",
            resources={},
        ),
    )


def test_a_constant_with_a_placeholder_is_a_parameter() -> None:
    text = "{{$.inputs.parameters['count']}}"
    entry = {"secretName": text, "secretNameParameter": constant(text)}

    found = read(small(), executor(imagePullSecret=[entry])).kubernetes["exec-use"]

    assert found.image_pull_secret == (
        parameter("imagePullSecret", ParameterKind.NAME, Constant(text)),
    )


def test_the_table_has_every_field_of_the_schema() -> None:
    """Releases of the SDK add fields: each gets a row of the table, or is refused by name."""
    schema = load_schema("platform_spec")["$defs"]["KubernetesExecutorConfig"]

    assert {*(row.name for row in FIELDS), *REFUSED} == schema["properties"].keys()
    attributes = [row.attribute for row in FIELDS]
    assert [*attributes, "parameters"] == list(KubernetesExecutorConfig.__dataclass_fields__)


def at(path: str, message: str) -> str:
    return f"{EXECUTOR}.{path}: {message}"


NO_AMOUNT = "is not an amount; write one such as '500Mi' or '2Gi'"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"secretAsVolume": [{"mountPath": "/a"}]},
         [at("secretAsVolume[0]", "'secretName' is missing; set it")]),
        ({"configMapAsVolume": [{"configMapName": "c"}]},
         [at("configMapAsVolume[0]", "'mountPath' is missing; set it")]),
        ({"secretAsEnv": [{"secretName": "s", "keyToEnv": [{"secretKey": "k"}]}]},
         [at("secretAsEnv[0].keyToEnv[0]", "'envVar' is missing; set it")]),
        ({"configMapAsEnv": [{"configMapName": "s", "keyToEnv": [{"envVar": "A"}]}]},
         [at("configMapAsEnv[0].keyToEnv[0]", "'configMapKey' is missing; set it")]),
        ({"imagePullSecret": [EMPTY]},
         [at("imagePullSecret[0]", "'secretName' is missing; set it")]),
        ({"imagePullSecret": [{"secretNameParameter": constant("")}]},
         [at("imagePullSecret[0].secretNameParameter", "Is empty, not a name; write a name")]),
        ({"imagePullSecret": [{"secretNameParameter": constant(1)}]},
         [at("imagePullSecret[0].secretNameParameter", "Is a number, not a name; write a name")]),
        ({"imagePullSecret": [{"secretNameParameter": EMPTY}]},
         [at("imagePullSecret[0].secretNameParameter", "Is null, not a name; write a name")]),
        ({"fieldPathAsEnv": [EMPTY]},
         [at("fieldPathAsEnv[0]", "'fieldPath' is missing; set it"),
          at("fieldPathAsEnv[0]", "'name' is missing; set it")]),
        ({"pvcMount": [{"mountPath": "/a"}]},
         [at("pvcMount[0]", "'constant' is missing; set it")]),
        ({"pvcMount": [{"mountPath": "/a", "pvcNameParameter": constant(["a"])}]},
         [at("pvcMount[0].pvcNameParameter",
             "Is a list, not the name of a claim; write the name of a claim")]),
        ({"emptyDirMounts": [EMPTY]},
         [at("emptyDirMounts[0]", "'mountPath' is missing; set it"),
          at("emptyDirMounts[0]", "'volumeName' is missing; set it")]),
        *(({"emptyDirMounts": [{"volumeName": "v", "mountPath": path}]},
           [at("emptyDirMounts[0].mountPath",
               f"'{path}' lies over '{taken}', which is {whose}; mount the volume elsewhere")])
          for path, taken, whose in (
              ("/", "/argosy", "Argosy's"),
              ("//argosy/", "/argosy", "Argosy's"),
              ("argosy/private", "/argosy", "Argosy's"),
              ("/var/run", "/var/run/argo", "Argo's"),
              ("/var/run/argo/ctr", "/var/run/argo", "Argo's"),
              ("/run", "/run/argo", "Argo's"),
              ("/proc/1", "/proc", "the kernel's"),
              ("/./sys", "/sys", "the kernel's"),
              ("/dev", "/dev", "the kernel's"),
          )),
        ({"emptyDirMounts": [{"volumeName": "v", "mountPath": "/data/../argosy"}]},
         [at("emptyDirMounts[0].mountPath",
             "'/data/../argosy' has '..'; write the path that is meant")]),
        ({"emptyDirMounts": [{"volumeName": "v", "mountPath": "/v", "sizeLimit": "lots"}]},
         [at("emptyDirMounts[0].sizeLimit", f"'lots' {NO_AMOUNT}")]),
        ({"genericEphemeralVolume": [{"volumeName": "v", "mountPath": "/v", "size": "-1Gi"}]},
         [at("genericEphemeralVolume[0].size", f"'-1Gi' {NO_AMOUNT}")]),
        ({"genericEphemeralVolume": [{"volumeName": "v", "mountPath": "/v"}]},
         [at("genericEphemeralVolume[0]", "'size' is missing; set it")]),
        ({"genericEphemeralVolume": [{"volumeName": "v", "mountPath": "/v", "size": "1Gi",
                                      "accessModes": ["ReadWriteOnce", "RWX"]}]},
         [at("genericEphemeralVolume[0].accessModes[1]", "'RWX' is not an access mode; write one "
             "of ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod")]),
        ({"imagePullPolicy": "Allways"},
         [at("imagePullPolicy", "'Allways' is not a pull policy; did you mean 'Always'?")]),
        ({"tolerations": [{"tolerationJson": constant("gpu")}]},
         [at("tolerations[0].tolerationJson", "Is a string, not an object or a list of objects; "
             "write an object or a list of objects")]),
        ({"tolerations": [{"tolerationJson": constant([{}, "gpu"])}]},
         [at("tolerations[0].tolerationJson", "Is a list, not an object or a list of objects; "
             "write an object or a list of objects")]),
        ({"nodeAffinity": [{"matchFields": [EXPRESSION], "weight": 0}]},
         [at("nodeAffinity[0].weight", "0 is not a weight; write 1 to 100")]),
        ({"nodeAffinity": [{"matchFields": [EXPRESSION], "weight": 101}]},
         [at("nodeAffinity[0].weight", "101 is not a weight; write 1 to 100")]),
        ({"nodeAffinity": [{"nodeAffinityJson": constant([])}]},
         [at("nodeAffinity[0].nodeAffinityJson", "Is a list, not an object; write an object")]),
        ({"nodeSelector": {"nodeSelectorJson": constant({"a": 1})}},
         [at("nodeSelector.nodeSelectorJson",
             "Is an object, not an object of strings; write an object of strings")]),
        ({"securityContext": {"runAsUser": 0, "runAsNonRoot": True}},
         [at("securityContext", "Asks for user 0 and for 'runAsNonRoot'; drop one")]),
        ({"initContainers": [EMPTY]},
         [at("initContainers[0]", "'image' is missing; set it"),
          at("initContainers[0]", "'name' is missing; set it")]),
        ({"initContainers": [{"name": "main", "image": "i"}]},
         [at("initContainers[0].name",
             "The pod has another container 'main'; rename this one")]),
        ({"initContainers": [{"name": "wait", "image": "i"}]},
         [at("initContainers[0].name",
             "The pod has another container 'wait'; rename this one")]),
        ({"initContainers": [{"name": "artifact-plugin-init-s3", "image": "i"}]},
         [at("initContainers[0].name",
             "The pod has another container 'artifact-plugin-init-s3'; rename this one")]),
        ({"initContainers": [{"name": "a", "image": "i"}, {"name": "a", "image": "j"}]},
         [at("initContainers[0].name", "The pod has another container 'a'; rename this one"),
          at("initContainers[1].name", "The pod has another container 'a'; rename this one")]),
        ({"initContainers": [{"name": "a", "image": "i", "restartPolicy": "Never"}]},
         [at("initContainers[0].restartPolicy",
             "'Never' is not a restart policy of an init container; write one of Always")]),
        ({"initContainers": [{"name": "a", "image": "i", "env": [{"value": "1"}]}]},
         [at("initContainers[0].env[0]", "'name' is missing; set it")]),
        ({"emptyDirMounts": [{"volumeName": "tools", "mountPath": "/t"}],
          "initContainers": [{"name": "a", "image": "i",
                              "volumeMounts": [{"volumeName": "tool", "mountPath": "/t"}]}]},
         [at("initContainers[0].volumeMounts[0]",
             "There is no empty directory or ephemeral volume 'tool'; did you mean 'tools'?")]),
        ({"initContainers": [{"name": "a", "image": "i",
                              "volumeMounts": [{"volumeName": "tool", "mountPath": "/t"}]}]},
         [at("initContainers[0].volumeMounts[0]",
             "There is no empty directory or ephemeral volume 'tool'; add it to the"
             " configuration")]),
        ({"initContainers": [{"name": "a", "image": "i", "volumeMounts": [{"mountPath": "/t"}]}]},
         [at("initContainers[0].volumeMounts[0]", "'volumeName' is missing; set it")]),
        ({"imagePullSecret": [
            {"secretNameParameter": {"taskOutputParameter": {"producerTask": "make"}}}]},
         [at("imagePullSecret[0].secretNameParameter",
             "'outputParameterKey' is missing; set it")]),
    ],
)  # fmt: skip
def test_what_kubernetes_cannot_take_is_refused_where_it_stands(
    fields: dict[str, Any], expected: list[str]
) -> None:
    assert problems(small(), executor(**fields)) == expected


@pytest.mark.parametrize("json", [{"podAffinity": [EMPTY]}, {"enabledSharedMemory": EMPTY}])
def test_fields_without_effect_are_refused_as_unsupported(json: dict[str, Any]) -> None:
    (name,) = json
    with pytest.raises(UnsupportedError) as caught:
        read(small(), executor(**json))

    (problem,) = caught.value.problems
    assert problem.path == f"{EXECUTOR}.{name}"
    assert problem.message == (
        f"Argosy does not support '{name}', which has no effect in KFP; remove it"
    )


def test_a_part_of_a_value_is_refused_as_unsupported() -> None:
    source = {**COUNT, "parameterExpressionSelector": 'parseJson(string_value)["a"]'}

    with pytest.raises(UnsupportedError) as caught:
        read(small(), executor(nodeSelector={"nodeSelectorJson": source}))

    (problem,) = caught.value.problems
    assert problem.path == f"{EXECUTOR}.nodeSelector.nodeSelectorJson"
    assert problem.message == (
        "Argosy does not support 'parameterExpressionSelector' here; pass that part of the value"
        " as a parameter of its own"
    )


def test_a_pipeline_without_a_root_is_refused_although_its_settings_take_outputs() -> None:
    document = executor(imagePullSecret=[{"secretNameParameter": OUTPUT}])

    found = problems(edited("root", MISSING), document)

    assert found == ["root: There is no root; is the file complete?"]


def test_a_problem_has_the_line_of_the_platform_document() -> None:
    text = yaml.safe_dump_all([small(), executor(imagePullPolicy="always", tolerations=[])])

    message = refusal(text.encode())

    line = 1 + text[: text.index("imagePullPolicy")].count("\n")
    assert message == (
        f"p.yaml:{line}: {EXECUTOR}.imagePullPolicy: 'always' is not a pull policy; "
        "did you mean 'Always'?"
    )


@pytest.mark.parametrize(
    ("json", "expected"),
    [
        pytest.param({}, PipelineConfig(), id="nothing"),
        pytest.param(
            {"activeDeadlineSeconds": 600},
            PipelineConfig(active_deadline_seconds=600),
            id="deadline",
        ),
        pytest.param(
            {"resourceTtlOnCompletion": 1, "resourceTtlOnSuccess": 2, "resourceTtlOnFailure": 3},
            PipelineConfig(
                ttl_seconds_after_completion=1,
                ttl_seconds_after_success=2,
                ttl_seconds_after_failure=3,
            ),
            id="TTLs",
        ),
        pytest.param(
            {
                "activeDeadlineSeconds": -1,
                "resourceTtlOnCompletion": -1,
                "resourceTtlOnSuccess": -1,
                "resourceTtlOnFailure": -1,
            },
            PipelineConfig(),
            id="less than nothing",
        ),
        pytest.param(
            {"workspace": {"size": "1Gi"}},
            PipelineConfig(workspace=Workspace(size="1Gi")),
            id="workspace",
        ),
        pytest.param(
            {
                "workspace": {
                    "size": "1Gi",
                    "kubernetes": {
                        "pvcSpecPatch": {
                            "accessModes": ["ReadWriteMany", "ReadOnlyMany"],
                            "storageClassName": "fast",
                        }
                    },
                }
            },
            PipelineConfig(
                workspace=Workspace(
                    size="1Gi",
                    access_modes=("ReadWriteMany", "ReadOnlyMany"),
                    storage_class="fast",
                )
            ),
            id="workspace of a class",
        ),
    ],
)
def test_the_settings_of_a_run_are_read(json: dict[str, Any], expected: PipelineConfig) -> None:
    assert read(small(), pipeline_config(**json)).pipeline_config == expected


NO_MODES = (
    "Is not a list of access modes; list some of "
    "ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod"
)
NO_CLASS = "Is not the name of a storage class; name one, or remove it for the cluster's default"


@pytest.mark.parametrize(
    ("size", "patch", "expected"),
    [
        ("", {}, ["size: The workspace has no size; write one such as '500Mi' or '2Gi'"]),
        ("big", {}, ["size: 'big' is not an amount; write one such as '500Mi' or '2Gi'"]),
        ("1Gi", {"volumeName": "v"},
         ["kubernetes.pvcSpecPatch.volumeName: 'volumeName' cannot be set for a workspace; "
          "set only accessModes or storageClassName"]),
        ("1Gi", {"accessMode": []},
         ["kubernetes.pvcSpecPatch.accessMode: 'accessMode' cannot be set for a workspace; "
          "did you mean 'accessModes'?"]),
        ("1Gi", {"accessModes": []}, [f"kubernetes.pvcSpecPatch.accessModes: {NO_MODES}"]),
        ("1Gi", {"accessModes": "RWX"}, [f"kubernetes.pvcSpecPatch.accessModes: {NO_MODES}"]),
        ("1Gi", {"accessModes": ["RWX"]}, [f"kubernetes.pvcSpecPatch.accessModes: {NO_MODES}"]),
        ("1Gi", {"storageClassName": ""},
         [f"kubernetes.pvcSpecPatch.storageClassName: {NO_CLASS}"]),
        ("1Gi", {"storageClassName": 1},
         [f"kubernetes.pvcSpecPatch.storageClassName: {NO_CLASS}"]),
    ],
)  # fmt: skip
def test_a_workspace_that_cannot_be_is_refused_where_it_stands(
    size: str, patch: dict[str, Any], expected: list[str]
) -> None:
    workspace = {"size": size, "kubernetes": {"pvcSpecPatch": patch}}

    found = problems(small(), pipeline_config(workspace=workspace))

    assert found == [f"{WORKSPACE}.{problem}" for problem in expected]


def test_fragments_merge_member_by_member() -> None:
    merged = merge_fragments(
        [
            {"container": {"env": [1], "image": "i"}, "volumes": [{"name": "a"}]},
            {"container": {"env": [2, 1]}, "volumes": [{"name": "a"}, {"name": "b"}]},
            {"container": {"image": "i"}, "deadline": 1},
        ]
    )

    assert merged == {
        "container": {"env": [1, 2], "image": "i"},
        "volumes": [{"name": "a"}, {"name": "b"}],
        "deadline": 1,
    }


@pytest.mark.parametrize(("first", "second"), [(1, 2), ({"a": 1}, [1]), ([1], "a")])
def test_fragments_that_contradict_each_other_do_not_merge(first: Any, second: Any) -> None:
    with pytest.raises(ConflictError, match="inner"):
        merge_fragments([{"outer": {"inner": first}}, {"outer": {"inner": second}}])

"""The structure of a document, in KFP's own schema and in plain words."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from argosy_schemas.findings import Path
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.reading.structure import DocumentKind, canonicalize, load_schema
from argosy_schemas.values import JsonValue, to_camel_case
from schemas_specs import MISSING, edited, problems, read, small

USE = "root/dag/tasks/use"
CONTAINER = "deploymentSpec/executors/exec-use/container"

PLATFORM: dict[str, Any] = {
    "platforms": {
        "kubernetes": {
            "deploymentSpec": {
                "executors": {
                    "exec-use": {
                        "secretAsVolume": [{"secretName": "s", "mountPath": "/s"}],
                        "securityContext": {"runAsUser": "1000", "runAsNonRoot": True},
                        "tolerations": [{"key": "k", "tolerationSeconds": 5}],
                        "nodeSelector": {"labels": {"a": "b"}},
                        "initContainers": [
                            {
                                "name": "i",
                                "image": "busybox",
                                "volumeMounts": [{"volumeName": "v", "mountPath": "/v"}],
                                "resources": {"limits": {"cpu": "1"}},
                            }
                        ],
                        "emptyDirMounts": [{"volumeName": "v", "mountPath": "/v"}],
                    }
                }
            },
            "pipelineConfig": {"workspace": {"size": "1Gi", "kubernetes": {"pvcSpecPatch": {}}}},
        }
    }
}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("nonsense", 1, ["nonsense: Unknown field 'nonsense'; remove it"]),
        ("sdkVersoin", "x",
         ["sdkVersoin: Unknown field 'sdkVersoin'; remove it"]),
        (f"{USE}/dependentTasks", "make",
         ["root.dag.tasks.use.dependentTasks: Is a string, not a list; write a list"]),
        (f"{USE}/inputs", [],
         ["root.dag.tasks.use.inputs: Is a list, not an object; write a mapping"]),
        (f"{USE}/cachingOptions", {"enableCache": "true"},
         ["root.dag.tasks.use.cachingOptions.enableCache: Is a string, not a boolean; "
          "write true or false"]),
        (f"{CONTAINER}/image", 3.11,
         ["deploymentSpec.executors.exec-use.container.image: Is a number, not a string; "
          "put it in quotes"]),
        (f"{CONTAINER}/args", ["a", True],
         ["deploymentSpec.executors.exec-use.container.args[1]: Is a boolean, not a string; "
          "put it in quotes"]),
        (f"{CONTAINER}/args", ["a", None],
         ["deploymentSpec.executors.exec-use.container.args[1]: Is null, not a string; "
          "remove it or write a text"]),
        (f"{CONTAINER}/resources", {"cpuLimit": "much"},
         ["deploymentSpec.executors.exec-use.container.resources.cpuLimit: "
          "Is a string, not a number; write one such as 0.5"]),
        (f"{CONTAINER}/resources", {"accelerator": {"count": "one"}},
         ["deploymentSpec.executors.exec-use.container.resources.accelerator.count: "
          "'one' is not a whole number; write one such as 3"]),
        ("root/inputDefinitions/parameters/count/parameterType", "NUMBER_INT",
         ["root.inputDefinitions.parameters.count.parameterType: \"NUMBER_INT\" means nothing "
          "here; did you mean 'NUMBER_INTEGER'?"]),
        (f"{USE}/triggerPolicy", {"strategy": "x"},
         ["root.dag.tasks.use.triggerPolicy.strategy: \"x\" means nothing here; write one of "
          "ALL_UPSTREAM_TASKS_SUCCEEDED, ALL_UPSTREAM_TASKS_COMPLETED"]),
        (f"{USE}/retryPolicy", {"backoffDuration": "5m"},
         ["root.dag.tasks.use.retryPolicy.backoffDuration: '5m' is not a duration; "
          "write seconds, such as '300s'"]),
        (f"{USE}/retryPolicy", {"maxRetryCount": 1.5},
         ["root.dag.tasks.use.retryPolicy.maxRetryCount: 1.5 is not a whole number; "
          "write one such as 3"]),
        (f"{USE}/retryPolicy", {"maxRetryCount": 2**31},
         ["root.dag.tasks.use.retryPolicy.maxRetryCount: 2147483648 does not fit into 32 bits; "
          "write a smaller number"]),
        (f"{CONTAINER}/resources/accelerator/count", -(2**63) - 1,
         ["deploymentSpec.executors.exec-use.container.resources.accelerator.count: "
          "-9223372036854775809 does not fit into 64 bits; write a larger number"]),
        (f"{CONTAINER}/resources/accelerator/count", "9223372036854775808",
         ["deploymentSpec.executors.exec-use.container.resources.accelerator.count: "
          "9223372036854775808 does not fit into 64 bits; write a smaller number"]),
        ("components/comp-use/dag", {"tasks": {}},
         ["components.comp-use: Has 'dag' and 'executorLabel', which exclude each other; "
          "keep one"]),
        (f"{USE}/task_info", {"name": "x"},
         ["root.dag.tasks.use.task_info: The field is given as 'taskInfo' as well; remove one"]),
        ("root", [], ["root: Is a list, not an object; write a mapping"]),
        ("components", "x", ["components: Is a string, not an object; write a mapping"]),
        ("components/comp-use/inputDefinitions", {"parameters": {"a.b": {"tpye": "INT"}}},
         ["components.comp-use.inputDefinitions.parameters['a.b'].tpye: "
          "Unknown field 'tpye'; did you mean 'type'?"]),
    ],
)  # fmt: skip
def test_what_does_not_conform_is_told_in_plain_words(
    path: str, value: Any, expected: list[str]
) -> None:
    assert expected[0] in problems(edited(path, value))


def test_an_unknown_field_with_a_likely_name_is_checked_as_that() -> None:
    document = edited("deploymentSpec/executors/exec-use/container/image", MISSING)

    assert problems(edited("deploymentSpec/executors/exec-use/container/imge", 5, document)) == [
        "deploymentSpec.executors.exec-use.container.image: Is a number, not a string; "
        "put it in quotes",
        "deploymentSpec.executors.exec-use.container.imge: Unknown field 'imge'; "
        "did you mean 'image'?",
    ]


def test_what_would_follow_from_an_ill_typed_value_is_not_told() -> None:
    document = edited(f"{USE}/inputs/parameters", "x")

    assert problems(document) == [
        "root.dag.tasks.use.inputs.parameters: Is a string, not an object; write a mapping"
    ]


def test_the_kubernetes_document_is_held_to_its_schema() -> None:
    assert read(small(), PLATFORM).kubernetes["exec-use"].security_context == {
        "runAsUser": 1000,
        "runAsNonRoot": True,
    }
    wrong = edited(
        "platforms/kubernetes/deploymentSpec/executors/exec-use/secretAsVolume/0/secret",
        "s",
        PLATFORM,
    )
    assert problems(small(), wrong) == [
        "platforms.kubernetes.deploymentSpec.executors.exec-use.secretAsVolume[0].secret: "
        "Unknown field 'secret'; remove it"
    ]


def test_other_platforms_are_ignored() -> None:
    assert read(small(), {"platforms": {"other": {"anything": 1}}}).kubernetes == {}


@pytest.mark.parametrize(
    ("proto", "name"), [("task_info", "taskInfo"), ("a", "a"), ("pvc_spec_patch", "pvcSpecPatch")]
)
def test_proto_names_become_json_names(proto: str, name: str) -> None:
    assert to_camel_case(proto) == name


def snake_case(
    value: JsonValue, schema: Mapping[str, Any], definitions: Mapping[str, Any]
) -> JsonValue:
    """Return ``value`` with the proto's names, as its schema tells fields from keys."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    properties: Mapping[str, Any] = schema.get("properties", {})
    others: Any = schema.get("additionalProperties")
    if isinstance(value, Mapping):
        return {
            _snake(key) if key in properties else key: snake_case(
                item, properties.get(key) or others or {}, definitions
            )
            for key, item in value.items()
        }
    if isinstance(value, list) and "items" in schema:
        return [snake_case(item, schema["items"], definitions) for item in value]
    return value


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@pytest.mark.parametrize("kind", ["pipeline_spec", "platform_spec"])
def test_either_spelling_of_all_names_is_the_same_document(kind: DocumentKind) -> None:
    document = small() if kind == "pipeline_spec" else PLATFORM
    schema = load_schema(kind)

    spelt = snake_case(document, schema, schema["$defs"])

    assert spelt != document
    assert canonicalize(spelt, kind) == canonicalize(document, kind)


def places(value: JsonValue, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of all values but the outermost."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield (*path, key)
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield (*path, index)
            yield from places(item, (*path, index))


RICH = edited(
    f"{USE}/retryPolicy",
    {"maxRetryCount": 2, "backoffDuration": "1s", "backoffFactor": 1.5},
    edited(f"{CONTAINER}/resources", {"cpuLimit": 0.5, "accelerator": {"count": "1"}}),
)
ODD_LEAVES: list[JsonValue] = [None, True, 0, 1.5, 2**40, "", "x", "3", "1s", "1s\n", "7\n", "-1"]
ODD_HOLDERS: list[JsonValue] = [
    [],
    [1],
    ["a"],
    {},
    {"x": 1},
    {"constant": 1, "runtimeParameter": "x"},
    {"dag": {}, "executorLabel": "x"},
]


@settings(deadline=None)
@given(st.data(), st.sampled_from(["pipeline_spec", "platform_spec"]))
def test_canonical_agrees_with_jsonschema_on_what_conforms(
    data: st.DataObject, kind: DocumentKind
) -> None:
    document = copy.deepcopy(RICH if kind == "pipeline_spec" else PLATFORM)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(places(document))))
        holder: Any = document
        for segment in path[:-1]:
            holder = holder[segment]
        key = data.draw(st.sampled_from([path[-1], "x", "dag", "executor_label", "items"]))
        holder[key if isinstance(path[-1], str) else path[-1]] = copy.deepcopy(
            data.draw(st.sampled_from([*ODD_LEAVES, *ODD_HOLDERS]))
        )

    result, conforms = canonicalize(document, kind)

    validator: Any = Draft202012Validator(load_schema(kind))
    assert conforms == validator.is_valid(result)
    assert canonicalize(result, kind) == (result, conforms)


def test_the_schemas_are_schemas() -> None:
    for kind in ("pipeline_spec", "platform_spec"):
        Draft202012Validator.check_schema(json.loads(json.dumps(load_schema(kind))))


def test_yaml_aliases_are_read_as_what_they_stand_for() -> None:
    text = yaml.safe_dump(small()).replace("image: python:3.11", "image: &i python:3.11", 1)
    text = "*i".join(text.rsplit("python:3.11", 1))

    assert read_pipeline(text.encode(), file="p.yaml") == read(small())

"""Our reading of a pipeline against that of KFP's own protobuf classes."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import JsonValue
from format_strategies import json_values
from schemas_specs import CORPUS, small

FILES = [path for path in sorted(CORPUS.rglob("*.yaml")) if path.parent.name != "invalid"]
# By name, because the packages bring no types.
SPEC: Any = importlib.import_module("kfp.pipeline_spec.pipeline_spec_pb2")
KUBERNETES: Any = importlib.import_module("kfp.kubernetes.kubernetes_executor_config_pb2")

Json = dict[str, Any]


def reread(document: Json, message: Any) -> Json:
    """What is left of a document behind protobuf, with the names of the ``.proto`` file."""
    json_format.ParseDict(document, message)
    result: Json = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return result


def pipeline_by_protobuf(document: Json) -> Json:
    result = reread(document, SPEC.PipelineSpec())
    deployment = document.get("deploymentSpec", {})
    return {**result, "deployment_spec": reread(deployment, SPEC.PipelineDeploymentConfig())}


def platform_by_protobuf(document: Json) -> Json:
    result = reread(document, SPEC.PlatformSpec())
    executors = result["platforms"]["kubernetes"].get("deployment_spec", {}).get("executors", {})
    for label, settings in executors.items():
        executors[label] = reread(settings, KUBERNETES.KubernetesExecutorConfig())
    return result


def by_protobuf(text: str) -> list[Json]:
    return [
        platform_by_protobuf(document)
        if "platforms" in document
        else pipeline_by_protobuf(document)
        for document in yaml.safe_load_all(text)
        if document is not None
    ]


@pytest.mark.skipif(not FILES, reason="the corpus is not beside the checkout")
@pytest.mark.no_cover
@pytest.mark.parametrize("file", FILES, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_real_pipeline_means_what_protobuf_reads(file: Path) -> None:
    text = file.read_text()

    told = yaml.safe_dump_all(by_protobuf(text))

    ours = read_pipeline(text.encode(), file=file.name)
    theirs = read_pipeline(told.encode(), file=file.name)
    assert replace(ours, document={}, platform={}) == replace(theirs, document={}, platform={})


def places(value: JsonValue) -> Iterator[tuple[str | int, ...]]:
    """The paths of a document, the whole of it included."""
    yield ()
    members: Iterable[tuple[str | int, JsonValue]] = ()
    if isinstance(value, Mapping):
        members = value.items()
    elif isinstance(value, Sequence) and not isinstance(value, str):
        members = enumerate(value)
    for name, item in members:
        for path in places(item):
            yield (name, *path)


def rich() -> Json:
    """A pipeline with a field of every kind."""
    document = small()
    document["deploymentSpec"]["executors"]["exec-make"]["container"] |= {
        "args": ["a"],
        "env": [{"name": "A", "value": "1"}],
        "resources": {
            "cpuLimit": 1.5,
            "memoryLimit": 2,
            "accelerator": {"type": "gpu", "count": "1"},
        },
    }
    document["components"]["comp-make"]["inputDefinitions"]["parameters"]["count"] |= {
        "defaultValue": 1.0,
        "isOptional": True,
        "literals": [1, 2],
        "description": "how many",
    }
    make = document["root"]["dag"]["tasks"]["make"]
    make |= {
        "cachingOptions": {"enableCache": True, "cacheKey": "k"},
        "retryPolicy": {
            "maxRetryCount": 2,
            "backoffDuration": "30s",
            "backoffFactor": 1.5,
            "backoffMaxDuration": "3600.5s",
        },
        "iteratorPolicy": {"parallelismLimit": 2},
    }
    document["root"]["dag"]["tasks"]["use"]["triggerPolicy"] = {
        "condition": "true",
        "strategy": "ALL_UPSTREAM_TASKS_COMPLETED",
    }
    return document


RICH = rich()
PLACES = list(places(RICH))
SPECIAL: list[Any] = [
    "STRING",
    "1",
    "-1",
    "3s",
    "1.5s",
    "1e3",
    1.0,
    1.5,
    2**31,
    -(2**63),
    2**63,
    1,
    [],
    {},
]
# Null is a field not given, but Python's protobuf refuses it in place of a list of free values.
odd_values = json_values.filter(lambda value: value is not None) | st.sampled_from(SPECIAL)


@given(st.sampled_from(PLACES), odd_values)
def test_what_protobuf_refuses_we_refuse(place: tuple[str | int, ...], value: Any) -> None:
    document: Any = {"": copy.deepcopy(RICH)}
    holder, last = document, ""
    for segment in place:
        holder, last = holder[last], segment  # type: ignore[assignment]  # a key or an index
    holder[last] = value
    text = yaml.safe_dump(document[""], allow_unicode=True)

    try:
        read_pipeline(text.encode(), file="p.yaml")
    except InvalidPipelineError:
        return

    pipeline_by_protobuf(yaml.safe_load(text))


@given(st.sampled_from(PLACES), st.text(max_size=5))
def test_a_field_that_protobuf_does_not_know_we_refuse(
    place: tuple[str | int, ...], name: str
) -> None:
    document = copy.deepcopy(RICH)
    holder: Any = document
    for segment in place:
        holder = holder[segment]
    if not isinstance(holder, dict) or name in holder:
        return
    holder[name] = "x"
    text = yaml.safe_dump(document, allow_unicode=True)

    try:
        read_pipeline(text.encode(), file="p.yaml")
    except InvalidPipelineError:
        return

    pipeline_by_protobuf(yaml.safe_load(text))

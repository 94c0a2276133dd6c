"""The IR on its way to the drivers: small, whole, and decoded only where it is needed."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from argosy_schemas.formats.packed_ir import (
    PackedComponents,
    PackedIrError,
    digest,
    from_base64,
    pack,
    to_base64,
    to_reference,
    unpack,
)
from argosy_schemas.formats.packed_ir_dictionary import DICTIONARY
from argosy_schemas.ir.model import (
    Component,
    ControlEntry,
    ControlForm,
    Pipeline,
    TaskConfigPassthrough,
)
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import JsonValue, to_json
from schemas_specs import CORPUS, edited, read, small

EXAMPLES = Path(__file__).parents[2] / "examples"
CORPUS_FILES = [path for path in sorted(CORPUS.rglob("*.yaml")) if path.parent.name != "invalid"]
FILES = [*sorted(EXAMPLES.glob("*/pipeline.yaml")), *CORPUS_FILES]


def named(path: Path) -> str:
    return "/".join(path.parts[-3:])


def leaf(number: int) -> dict[str, Any]:
    return {
        "executorLabel": f"exec-{number}",
        "outputDefinitions": {"parameters": {"Output": {"parameterType": "STRING"}}},
    }


def container(number: int) -> dict[str, Any]:
    code = hashlib.sha512(str(number).encode()).hexdigest() * 40
    return {"container": {"image": "python:3.11", "command": ["python3", "-c", code]}}


def large(dags: int = 4, leaves: int = 8) -> Pipeline:
    """A root of nested DAGs, each with leaves of its own of some 5 KB."""
    components: dict[str, Any] = {}
    executors: dict[str, Any] = {}
    for dag in range(dags):
        numbers = range(dag * leaves, (dag + 1) * leaves)
        components |= {f"comp-{number}": leaf(number) for number in numbers}
        executors |= {f"exec-{number}": container(number) for number in numbers}
        components[f"comp-dag-{dag}"] = {
            "dag": {
                "tasks": {
                    f"t-{number}": {"componentRef": {"name": f"comp-{number}"}}
                    for number in numbers
                }
            }
        }
    tasks = {f"dag-{dag}": {"componentRef": {"name": f"comp-dag-{dag}"}} for dag in range(dags)}
    return read(
        {
            "pipelineInfo": {"name": "large"},
            "schemaVersion": "2.1.0",
            "deploymentSpec": {"executors": executors},
            "components": components,
            "root": {"dag": {"tasks": tasks}},
        }
    )


def inflated(data: bytes) -> Any:
    decompressor = zlib.decompressobj(wbits=-15, zdict=DICTIONARY)
    return json.loads(decompressor.decompress(data) + decompressor.flush())


def documents(data: bytes) -> tuple[Any, list[Any]]:
    """The index and the blocks behind it."""
    (length,) = struct.unpack(">I", data[4:8])
    index = inflated(data[8 : 8 + length])
    blocks: list[Any] = []
    start = 8 + length
    for size in index.get("blocks", ()):
        blocks.append(inflated(data[start : start + size]))
        start += size
    return index, blocks


def with_index(**members: Any) -> bytes:
    index = {**documents(pack(read(small())))[0], **members}
    compressor = zlib.compressobj(wbits=-15, zdict=DICTIONARY)
    deflated = compressor.compress(json.dumps(index).encode()) + compressor.flush()
    return b"AIR1" + struct.pack(">I", len(deflated)) + deflated


def lazy(pipeline: Pipeline) -> PackedComponents:
    assert isinstance(pipeline.components, PackedComponents)
    return pipeline.components


@pytest.mark.parametrize("file", FILES, ids=named)
def test_nothing_is_lost_of_a_real_pipeline(file: Path) -> None:
    pipeline = read_pipeline(file.read_bytes(), file=file.name)

    unpacked = unpack(pack(pipeline))

    assert dict(unpacked.components) == dict(pipeline.components)
    assert replace(unpacked, components={}, kubernetes={}, control={}) == replace(
        pipeline, components={}, kubernetes={}, document={}
    )


@pytest.mark.parametrize("file", FILES, ids=named)
def test_a_real_pipeline_packs_to_less_than_half(file: Path) -> None:
    pipeline = read_pipeline(file.read_bytes(), file=file.name)

    size = len(to_base64(pack(pipeline)))

    assert size < 0.45 * len(to_json(pipeline.document))


def test_a_hello_world_of_the_sdk_packs_to_a_sixth() -> None:
    file = EXAMPLES / "01-hello" / "pipeline.yaml"
    pipeline = read_pipeline(file.read_bytes(), file=file.name)

    size = len(to_base64(pack(pipeline)))

    assert size < len(to_json(pipeline.document)) / 6


def test_equal_pipelines_pack_to_equal_bytes() -> None:
    document = small()
    turned = {name: document[name] for name in reversed(document)}
    turned["components"] = dict(reversed(document["components"].items()))

    assert pack(read(turned)) == pack(read(document))


def test_the_order_of_the_file_does_not_matter_to_the_blocks() -> None:
    pipeline = large()
    document: dict[str, Any] = json.loads(to_json(pipeline.document))
    document["root"]["dag"]["tasks"] = dict(reversed(document["root"]["dag"]["tasks"].items()))

    assert pack(read(document)) == pack(pipeline)


def test_a_leaf_that_two_dags_use_is_packed_once_with_the_first() -> None:
    document: dict[str, Any] = json.loads(to_json(large().document))
    document["components"]["comp-dag-3"]["dag"]["tasks"]["again"] = {
        "componentRef": {"name": "comp-0"}
    }
    pipeline = read(document)

    index, blocks = documents(pack(pipeline))

    holders = [number for number, block in enumerate(blocks) if "comp-0" in block["components"]]
    assert holders == [index["members"]["comp-0"]] == [index["members"]["comp-dag-0"]]
    assert dict(unpack(pack(pipeline)).components) == dict(pipeline.components)


def test_what_nothing_reaches_stays_behind() -> None:
    document = edited("components/comp-spare", {"executorLabel": "exec-spare"})
    document["deploymentSpec"]["executors"]["exec-spare"] = {"container": {"image": "spare"}}

    assert pack(read(document)) == pack(read(small()))


def test_control_entries_travel_with_their_dag() -> None:
    control = {
        ("root", "make"): (
            ControlEntry(output="Output"),
            ControlEntry(output="Output", form=ControlForm.LENGTH),
        )
    }

    unpacked = unpack(pack(replace(read(small()), control=control)))

    assert dict(unpacked.control) == control
    assert unpacked.control.get(("root", "use"), ()) == ()
    assert unpacked.control.get(("comp-make", "make"), ()) == ()


def test_a_component_is_decoded_when_it_is_asked_for() -> None:
    pipeline = large()

    unpacked = unpack(pack(pipeline))

    components = lazy(unpacked)
    assert components.decoded == {0}
    assert unpacked.root == pipeline.root
    assert sorted(components) == sorted(pipeline.components)
    assert len(components) == 36
    assert components.decoded == {0}
    assert components["comp-30"] == pipeline.components["comp-30"]
    assert components.decoded == {0, len(documents(pack(pipeline))[1]) - 1}
    assert dict(components) == dict(pipeline.components)


def test_a_decision_about_one_task_decodes_its_dag_alone() -> None:
    control = {("comp-dag-2", "t-16"): (ControlEntry(output="Output"),)}
    data = pack(replace(large(), control=control))
    index, blocks = documents(data)

    unpacked = unpack(data)

    assert unpacked.control[("comp-dag-2", "t-16")] == control[("comp-dag-2", "t-16")]
    assert len(blocks) > 4
    assert lazy(unpacked).decoded == {0, index["members"]["comp-dag-2"]}


def test_the_root_is_no_member_of_the_components() -> None:
    components = unpack(pack(read(small()))).components

    assert "root" not in components
    assert sorted(components) == ["comp-make", "comp-use"]
    with pytest.raises(KeyError):
        components["comp-none"]


def test_many_threads_may_ask_at_once() -> None:
    pipeline = large(dags=8)
    unpacked = unpack(pack(pipeline))
    names = [*pipeline.components] * 4

    def ask(name: str) -> Component:
        return unpacked.components[name]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, names))

    assert found == [pipeline.components[name] for name in names]
    assert all(component is unpacked.components[component.name] for component in found)


def test_of_kubernetes_settings_the_claims_are_kept() -> None:
    claims: JsonValue = [
        {"mountPath": "/data", "pvcNameParameter": {"runtimeValue": {"constant": "pvc"}}}
    ]
    settings = {"pvcMount": claims, "nodeSelector": {"labels": {"disk": "ssd"}}}
    without: dict[str, JsonValue] = {"nodeSelector": {"labels": {"disk": "ssd"}}}
    kubernetes = {"exec-make": settings, "exec-use": without}
    pipeline = replace(read(small()), kubernetes=kubernetes)

    assert unpack(pack(pipeline)).kubernetes == {"exec-make": {"pvcMount": claims}}


def test_settings_that_a_component_takes_as_a_value_are_kept_whole() -> None:
    settings = {"nodeSelector": {"labels": {"disk": "ssd"}}}
    pipeline = read(
        edited("components/comp-make/taskConfigPassthroughs", [{"field": "ENV"}]),
        {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec-make": settings}}}}},
    )

    unpacked = unpack(pack(pipeline))

    assert unpacked.kubernetes == {"exec-make": settings}
    assert unpacked.components["comp-make"].task_config_passthroughs == (
        TaskConfigPassthrough(field="ENV"),
    )


def test_a_display_name_other_than_the_key_travels() -> None:
    document = edited("root/dag/tasks/make/taskInfo/name", "Make it")

    unpacked = unpack(pack(read(document)))

    assert unpacked.root.dag is not None
    assert {key: task.display_name for key, task in unpacked.root.dag.tasks.items()} == {
        "make": "Make it",
        "use": "use",
    }


def test_the_texts_that_a_workflow_carries() -> None:
    data = pack(read(small()))

    assert from_base64(to_base64(data)) == data
    assert digest(data) == hashlib.sha256(data).hexdigest()
    assert to_reference(data) == f"ref:{digest(data)}"


def test_a_newer_major_version_is_refused_by_name() -> None:
    with pytest.raises(PackedIrError) as caught:
        unpack(with_index(version="2.1"))

    assert str(caught.value) == (
        "The IR has format version 2.1, this release reads up to 1.0; "
        "use the release that compiled it"
    )


def test_a_newer_minor_version_is_read() -> None:
    assert unpack(with_index(version="1.9", added=[1])).name == "small"


def test_what_is_no_packed_ir_is_refused() -> None:
    for data in (b"", b"AIR1", b"PK\x03\x04" * 9, b"AIR1\xff\xff\xff\xff", b"AIR1\0\0\0\0"):
        with pytest.raises(PackedIrError, match="The IR is damaged: "):
            unpack(data)
    with pytest.raises(PackedIrError) as caught:
        from_base64("no base64!")
    assert str(caught.value) == "The IR is damaged: it is no base64; compile again"


@given(st.data())
def test_damage_is_told_or_changes_nothing_that_is_seen(data: st.DataObject) -> None:
    packed = bytearray(pack(read(small())))
    place = data.draw(st.integers(0, len(packed) - 1))
    packed[place] ^= data.draw(st.integers(1, 255))

    try:
        dict(unpack(bytes(packed)).components)
    except PackedIrError as error:
        told = str(error)
    else:
        told = "The IR is damaged, and nobody can see it"

    assert told.startswith("The IR ")


def test_the_dictionary_is_that_of_format_version_1() -> None:
    """Another dictionary cannot inflate what this one has deflated: raise the major version."""
    assert hashlib.sha256(DICTIONARY).hexdigest() == (
        "157d169b64462fd8fc8703e57345071641a7a334827783d3f34c3f44e6962d11"
    )


@cache
def schemas() -> Any:
    def loaded(name: str) -> Any:
        folder = files("argosy_schemas").joinpath("json")
        return json.loads(folder.joinpath(f"{name}.schema.json").read_text("utf-8"))

    resources = [Resource.from_contents(loaded(name)) for name in ("pipeline_spec", "packed_ir")]
    registry: Registry[Any] = Registry()
    return registry.with_resources([(resource.id() or "", resource) for resource in resources])


def validate(reference: str, document: Any) -> None:
    schema = {"$ref": f"urn:argosy:schema:packed-ir{reference}"}
    validator: Any = Draft202012Validator(schema, registry=schemas())
    validator.validate(document)


@pytest.mark.parametrize("pipeline", [read(small()), large()], ids=["one block", "many blocks"])
def test_index_and_blocks_are_as_their_schema_says(pipeline: Pipeline) -> None:
    control = {("root", task): (ControlEntry(output="Output"),) for task in ("make", "dag-1")}
    index, blocks = documents(pack(replace(pipeline, control=control)))

    validate("", index)
    for block in blocks:
        validate("#/$defs/Block", block)

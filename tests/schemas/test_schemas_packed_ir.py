"""The IR on its way to the drivers: small, whole, and readable with ordinary tools."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
import tracemalloc
import zlib
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

from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.formats import packed_ir
from argosy_schemas.formats.packed_ir import (
    MAX_JSON_BYTES,
    PackedIrError,
    compute_ir_digest,
    decode_base64,
    encode_base64,
    inflate,
    make_reference,
    pack,
    unpack,
)
from argosy_schemas.ir.known import KnownResults, RecordReference
from argosy_schemas.ir.kubernetes.fields import KubernetesExecutorConfig
from argosy_schemas.ir.model import (
    ControlEntry,
    ControlForm,
    PipelineConfig,
    TaskConfigPassthrough,
    Workspace,
)
from argosy_schemas.names import AttemptId, RunId, TaskPath
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import to_json
from schemas_specs import CORPUS, edited, read, small

EXAMPLES = Path(__file__).parents[2] / "examples"
CORPUS_FILES = [path for path in sorted(CORPUS.rglob("*.yaml")) if path.parent.name != "invalid"]
FILES = [*sorted(EXAMPLES.glob("*/pipeline.yaml")), *CORPUS_FILES]
SETTINGS: dict[str, Any] = {
    "platforms": {
        "kubernetes": {
            "deploymentSpec": {
                "executors": {"exec-make": {"nodeSelector": {"labels": {"disk": "ssd"}}}}
            },
            "pipelineConfig": {"workspace": {"size": "1Gi"}},
        }
    }
}
CONTROL = {
    ("root", "make"): (
        ControlEntry(output="Output"),
        ControlEntry(output="Output", form=ControlForm.LENGTH),
    )
}


def named(path: Path) -> str:
    return "/".join(path.parts[-3:])


def document(data: bytes) -> Any:
    return json.loads(gzip.decompress(data))


def with_members(**members: Any) -> bytes:
    changed = {**document(pack(read(small()))), **members}
    return gzip.compress(json.dumps(changed).encode())


@pytest.mark.parametrize("file", FILES, ids=named)
def test_nothing_is_lost_of_a_real_pipeline(file: Path) -> None:
    pipeline = read_pipeline(file.read_bytes(), file=file.name)

    unpacked = unpack(pack(pipeline))

    assert replace(unpacked, document={}) == replace(pipeline, document={})
    assert pack(unpacked) == pack(pipeline)


def test_real_pipelines_pack_to_a_fifth() -> None:
    pipelines = [read_pipeline(file.read_bytes(), file=file.name) for file in FILES]

    packed = sum(len(pack(pipeline)) for pipeline in pipelines)

    assert packed < sum(len(to_json(pipeline.document)) for pipeline in pipelines) / 5


def test_an_operator_reads_it_with_ordinary_tools() -> None:
    missing = [name for name in ("base64", "gunzip", "jq") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)}: not installed")
    text = encode_base64(pack(replace(read(small(), SETTINGS), control=CONTROL)))

    ended = subprocess.run(
        "base64 -d | gunzip | jq -c '[.format, .version, .control, .pipelineSpec.pipelineInfo,"
        " (.platformSpec.platforms.kubernetes.deploymentSpec.executors | keys)]'",
        shell=True,
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )

    assert (ended.stderr, json.loads(ended.stdout)) == (
        "",
        [
            "argosy-ir",
            "1.0",
            {"root": {"make": [["Output", "value"], ["Output", "length"]]}},
            {"name": "small"},
            ["exec-make"],
        ],
    )


def test_the_bytes_name_no_time_file_or_system() -> None:
    assert pack(read(small()))[:10] == bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255))


def test_equal_pipelines_pack_to_equal_bytes() -> None:
    document = small()
    turned = {name: document[name] for name in reversed(document)}
    turned["components"] = dict(reversed(document["components"].items()))

    assert pack(read(turned)) == pack(read(document))


def test_what_nothing_reaches_stays_behind() -> None:
    document = edited("components/comp-spare", {"executorLabel": "exec-spare"})
    document["deploymentSpec"]["executors"]["exec-spare"] = {"container": {"image": "spare"}}

    assert pack(read(document)) == pack(read(small()))


def test_control_entries_travel() -> None:
    unpacked = unpack(pack(replace(read(small()), control=CONTROL)))

    assert unpacked.control == CONTROL


def test_kubernetes_settings_travel() -> None:
    pipeline = read(
        edited("components/comp-make/taskConfigPassthroughs", [{"field": "ENV"}]), SETTINGS
    )

    unpacked = unpack(pack(pipeline))

    assert unpacked.kubernetes == {
        "exec-make": KubernetesExecutorConfig(node_selector={"disk": "ssd"})
    }
    assert unpacked.pipeline_config == PipelineConfig(workspace=Workspace(size="1Gi"))
    assert unpacked.platform == SETTINGS["platforms"]["kubernetes"]
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

    assert decode_base64(encode_base64(data)) == data
    assert compute_ir_digest(data) == hashlib.sha256(data).hexdigest()
    assert make_reference(data) == f"ref:{compute_ir_digest(data)}"


def test_a_newer_major_version_is_refused_by_name() -> None:
    with pytest.raises(PackedIrError) as caught:
        unpack(with_members(version="3.1"))

    assert str(caught.value) == (
        "the IR has format version 3.1, this release reads up to 2.0; "
        "use the release that compiled it"
    )


def test_known_results_travel_with_a_version_that_older_drivers_refuse() -> None:
    known = KnownResults(
        tasks=frozenset({TaskPath("make"), TaskPath("loop")}),
        records={
            TaskPath("make"): RecordReference(
                run_id=RunId("r1"), task_path=TaskPath("other"), attempt_id=AttemptId("a1")
            )
        },
        outdated={TaskPath("use"): AttemptId("a2")},
    )
    packed = pack(replace(read(small()), known=known))

    assert document(packed)["version"] == "2.0"
    assert document(packed)["known"] == {
        "tasks": ["loop", "make"],
        "records": {"make": ["r1", "other", "a1"]},
        "outdated": {"use": "a2"},
    }
    assert unpack(packed).known == known
    assert document(pack(read(small())))["version"] == "1.0"


def test_a_group_that_is_known_covers_what_is_in_it() -> None:
    known = KnownResults(tasks=frozenset({TaskPath("a"), TaskPath("b/c")}))

    paths = ("a", "a/0/x", "ab", "b", "b/c", "b/c/d", "b/cc", "")
    assert [path for path in paths if known.covers(TaskPath(path))] == [
        "a",
        "a/0/x",
        "b/c",
        "b/c/d",
    ]


def test_a_newer_minor_version_is_read() -> None:
    assert unpack(with_members(version="1.9", added=[1])).name == "small"


WHOLE = pack(read(small()))
NO_IR = {
    "nothing": (b"", "its end is missing"),
    "no gzip": (
        b"PK\3\4" * 9,
        "gunzip says 'Error -3 while decompressing data: incorrect header check'",
    ),
    "cut off": (WHOLE[:-9], "its end is missing"),
    "checksum cut off": (WHOLE[:-1], "its end is missing"),
    "more behind": (WHOLE + WHOLE, "it has bytes after its end"),
    "another checksum": (
        WHOLE[:-8] + b"\0" * 4 + WHOLE[-4:],
        "gunzip says 'Error -3 while decompressing data: incorrect data check'",
    ),
    "no JSON": (
        gzip.compress(b"name: small"),
        "its JSON is not that of an IR "
        "(JSONDecodeError('Expecting value: line 1 column 1 (char 0)'))",
    ),
    "another JSON": (
        gzip.compress(b'{"version":"1.0"}'),
        "its JSON is not that of an IR (KeyError('format'))",
    ),
    "another format": (
        with_members(format="argosy-step"),
        "its format is 'argosy-step', not 'argosy-ir'",
    ),
    "nothing in it": (
        gzip.compress(b'{"format":"argosy-ir","version":"1.0"}'),
        "its JSON is not that of an IR (KeyError('pipelineSpec'))",
    ),
}


@pytest.mark.parametrize(("data", "what"), NO_IR.values(), ids=NO_IR)
def test_what_is_no_packed_ir_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(PackedIrError) as caught:
        unpack(data)

    assert str(caught.value) == f"the IR is damaged: {what}; compile the pipeline again"


def test_what_is_no_base64_is_refused() -> None:
    with pytest.raises(PackedIrError) as caught:
        decode_base64("no base64!")

    assert str(caught.value) == "the IR is damaged: it is not base64; compile the pipeline again"


def test_json_nested_too_deeply_is_refused() -> None:
    with pytest.raises(PackedIrError, match=r"^the IR is damaged: its JSON is not"):
        unpack(gzip.compress(b"[" * 200_000))


def test_a_bomb_is_refused_before_it_fills_the_memory() -> None:
    compressor = zlib.compressobj(level=9, wbits=31)
    mebibyte = bytes(2**20)
    bomb = b"".join(compressor.compress(mebibyte) for _ in range(1024)) + compressor.flush()

    tracemalloc.start()
    with pytest.raises(PackedIrError) as caught:
        unpack(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert str(caught.value) == (
        "the IR is damaged: it inflates to more than 67,108,864 bytes; compile the pipeline again"
    )
    assert peak < 3 * MAX_JSON_BYTES


def test_as_many_bytes_as_a_driver_reads_are_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = read(small())
    size = len(inflate(pack(pipeline)))
    monkeypatch.setattr(packed_ir, "MAX_JSON_BYTES", size)

    assert unpack(pack(pipeline)).name == "small"

    monkeypatch.setattr(packed_ir, "MAX_JSON_BYTES", size - 1)
    with pytest.raises(InvalidPipelineError) as caught:
        pack(pipeline)
    assert str(caught.value) == (
        f"has {size:,} bytes as JSON and a driver reads up to {size - 1:,}; split the pipeline"
    )


@given(st.data())
def test_damage_is_an_error_or_changes_nothing(data: st.DataObject) -> None:
    damaged = bytearray(WHOLE)
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))

    try:
        seen = unpack(bytes(damaged)) == unpack(WHOLE)
    except PackedIrError as error:
        seen = str(error).startswith("the IR is damaged: ")

    assert seen


@cache
def schemas() -> Any:
    def loaded(name: str) -> Any:
        folder = files("argosy_schemas").joinpath("json")
        return json.loads(folder.joinpath(f"{name}.schema.json").read_text("utf-8"))

    names = ("pipeline_spec", "platform_spec", "packed_ir")
    resources = [Resource.from_contents(loaded(name)) for name in names]
    registry: Registry[Any] = Registry()
    return registry.with_resources([(resource.id() or "", resource) for resource in resources])


def test_the_document_is_as_its_schema_says() -> None:
    packed = document(pack(replace(read(small(), SETTINGS), control=CONTROL)))

    validator: Any = Draft202012Validator(
        {"$ref": "urn:argosy:schema:packed-ir"}, registry=schemas()
    )
    validator.validate(packed)
    assert sorted(packed) == ["control", "format", "pipelineSpec", "platformSpec", "version"]

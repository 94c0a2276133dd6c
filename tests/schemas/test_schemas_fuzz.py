"""Whatever the bytes, the reader gives a pipeline or says what is wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.formats.packed_ir import pack, unpack
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.reading.pipeline import read_pipeline
from schemas_specs import CORPUS, SPEC, small

LOOPS = CORPUS / "valid" / "pipeline_with_nested_loops.yaml"
TEXTS = [SPEC.encode(), json.dumps(small()).encode()]
if LOOPS.is_file():
    TEXTS.append(LOOPS.read_bytes())

PIECES = st.sampled_from(
    [
        *(b"", b"[", b"{", b"}", b"]", b": ", b"- ", b"&x ", b"*x", b"!!int ", b"null", b"1", b"'"),
        *(b'"', b"\n", b"\n---\n", b"\xff", b"\x00", b"\t", b"dag:", b"<<: ", b"#", b"|\n"),
        *(b"? ", b"1e999", b"task_info", b"\\ud800", b"\xef\xbb\xbf", b"parameterType", b"make"),
        *(b"-1", b"{}", b"[]"),
    ]
)


def outcome(data: bytes) -> Pipeline | None:
    """The pipeline in ``data``; ``None`` where it is refused, in one line for each problem."""
    try:
        pipeline = read_pipeline(data, file="p.yaml")
    except InvalidPipelineError as refused:
        error = refused
    else:
        assert unpack(pack(pipeline)).root == pipeline.root
        return pipeline
    lines = str(error).split("\n")
    assert 0 < len(error.problems) == len(lines)
    assert all(line.isprintable() and line.startswith("p.yaml") for line in lines)
    return None


@pytest.mark.parametrize("text", TEXTS)
def test_a_file_cut_anywhere_is_read_or_refused(text: bytes) -> None:
    step = max(1, len(text) // 150)

    for end in range(0, len(text), step):
        outcome(text[:end])


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_file_changed_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 30)))
        text = text[:start] + data.draw(PIECES) + text[end:]

    outcome(text)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_file_with_lines_moved_is_read_or_refused(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(TEXTS)).split(b"\n")
    for _ in range(data.draw(st.integers(1, 4))):
        line = lines.pop(data.draw(st.integers(0, len(lines) - 1))) if len(lines) > 1 else b""
        indent = data.draw(st.sampled_from([b"", b"  ", b"    "]))
        lines.insert(data.draw(st.integers(0, len(lines))), indent + line)

    outcome(b"\n".join(lines))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    assert outcome(data) is None

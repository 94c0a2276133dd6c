from __future__ import annotations

import json
from base64 import b64decode

import pytest

from argosy_launcher.outputs.control import MAX_CONTROL_BYTES, encode_control
from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Artifact, Values
from argosy_schemas.ir.model import ArtifactType, ControlEntry, ControlForm
from argosy_schemas.names import ArtifactUri

ARTIFACT = Artifact(name="d", uri=ArtifactUri("s3://b/d"), type=ArtifactType())
OUTPUTS = Values(
    parameters={"side": "heads", "items": [1, {"a": "é"}], "text": "[1, 2, 3]", "none": None},
    artifacts={"parts": (ARTIFACT, ARTIFACT), "empty": ()},
)


def test_without_entries_there_is_no_text() -> None:
    assert encode_control((), OUTPUTS) == ""


def test_each_entry_is_a_member_in_its_form() -> None:
    entries = (
        ControlEntry(output="side"),
        ControlEntry(output="items"),
        ControlEntry(output="items", form=ControlForm.LENGTH),
        ControlEntry(output="items", form=ControlForm.TEXT),
        ControlEntry(output="text", form=ControlForm.LENGTH),
        ControlEntry(output="parts", form=ControlForm.LENGTH),
        ControlEntry(output="empty", form=ControlForm.LENGTH),
    )

    text = encode_control(entries, OUTPUTS)

    assert json.loads(b64decode(text)) == {
        "side": "heads",
        "items": [1, {"a": "é"}],
        "items@length": 2,
        "items@text": '[1,{"a":"é"}]',
        "text@length": 3,
        "parts@length": 2,
        "empty@length": 0,
    }


@pytest.mark.parametrize("output", ["side", "none"])
def test_what_is_no_list_has_no_length_so_that_the_loop_over_it_fails(output: str) -> None:
    text = encode_control((ControlEntry(output=output, form=ControlForm.LENGTH),), OUTPUTS)

    assert json.loads(b64decode(text)) == {f"{output}@length": None}


def test_null_is_a_value_and_no_text() -> None:
    entries = (ControlEntry(output="none"), ControlEntry(output="none", form=ControlForm.TEXT))

    assert json.loads(b64decode(encode_control(entries, OUTPUTS))) == {
        "none": None,
        "none@text": None,
    }


def test_an_output_that_is_not_there_is_named() -> None:
    with pytest.raises(TaskError, match="needs the output 'lost', which this task did not"):
        encode_control((ControlEntry(output="lost"),), OUTPUTS)


def test_a_text_of_just_the_limit_passes_and_a_longer_one_is_refused_by_name() -> None:
    entries = (ControlEntry(output="big"), ControlEntry(output="small"))
    room = MAX_CONTROL_BYTES // 4 * 3 - len('{"big":"","small":1}')

    text = encode_control(entries, Values(parameters={"big": "x" * room, "small": 1}))
    with pytest.raises(TaskError) as caught:
        encode_control(entries, Values(parameters={"big": "x" * (room + 1), "small": 1}))

    assert len(text) == MAX_CONTROL_BYTES
    assert str(caught.value) == (
        "output 'big' is too long for a condition or loop to decide by: 65540 of 65536 bytes in "
        "the workflow; let the component return the part that conditions read as a separate "
        "output"
    )


def test_items_that_are_too_long_together_are_to_be_fewer_or_shorter() -> None:
    items = [f"s3://bucket/some/folder/of/mine/part-{index:05d}.parquet" for index in range(1000)]

    with pytest.raises(TaskError) as caught:
        encode_control((ControlEntry(output="Output"),), Values(parameters={"Output": items}))

    assert str(caught.value) == (
        "output 'Output' is too long for a condition or loop to decide by: 70684 of 65536 bytes in "
        "the workflow; let the component return fewer or shorter items than these 1000, e.g. ids "
        "that tasks in the loop make paths of, or let no condition read the items"
    )

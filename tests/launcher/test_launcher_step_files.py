from __future__ import annotations

import stat
from pathlib import Path

import pytest

from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.step import (
    Decision,
    OutputArtifact,
    OutputParameter,
    Step,
    UriMapping,
)
from argosy_schemas.formats.step_files import read_step, write_step
from argosy_schemas.ir.model import ArtifactType, ParameterType
from argosy_schemas.names import ArtifactUri
from argosy_schemas.sdk_paths import find_sdk_path
from full_disks import files_up_to
from launcher_pods import step_of

STEP = step_of(
    *("train", "", "ünï"),
    env=(("A", "1"), ("B", "x=y")),
    executor_output_path="/s3/b/run/train/executor_output.json",
    output_parameters=(OutputParameter(name="n", type=ParameterType.STRING, path="/argosy/out/n"),),
    output_artifacts=(
        OutputArtifact(
            name="m",
            type=ArtifactType(schema_title="system.Model"),
            is_list=False,
            metadata={"a": [1.5, None]},
            path="/s3/b/run/train/m",
            uri=ArtifactUri("s3://b/run/train/m"),
            seen_uri="s3://b/run/train/m",
        ),
    ),
    uri_mappings=(UriMapping(seen="s3://b/run/train", stored="s3://b/run/train"),),
)


def write(step: Step, directory: Path) -> None:
    write_step(step, private=directory / "private", published=directory / "published")


def list_files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def test_a_step_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write(STEP, tmp_path)

    assert read_step(tmp_path / "private") == STEP


def test_what_exec_reads_is_ended_by_nul(tmp_path: Path) -> None:
    write(STEP, tmp_path)

    published = tmp_path / "published"
    assert {path.name: path.read_bytes() for path in published.iterdir()} == {
        "argv": "train\0\0ünï\0".encode(),
        "env": b"A=1\0B=x=y\0",
        "open": b"/s3/b/run/train/executor_output.json\0/argosy/out/n\0/s3/b/run/train/m\0"
        b"/s3/b/run/train\0",
    }


def test_every_user_may_read_it(tmp_path: Path) -> None:
    write(STEP, tmp_path)

    assert {stat.S_IMODE(path.stat().st_mode) for path in list_files(tmp_path)} == {0o644}


def test_the_command_is_shown_nothing_but_itself(tmp_path: Path) -> None:
    """The step says where outputs are stored: it is on a volume of its own."""
    write(STEP, tmp_path)

    assert {path.name for path in (tmp_path / "published").iterdir()} == {"argv", "env", "open"}
    assert [path.name for path in (tmp_path / "private").iterdir()] == ["step.json"]


def test_a_step_that_cannot_be_written_leaves_nothing_of_it(tmp_path: Path) -> None:
    with files_up_to(5), pytest.raises(OSError, match="File too large"):
        write(STEP, tmp_path)

    assert list_files(tmp_path) == []


def test_a_step_that_runs_nothing_replaces_one_that_does(tmp_path: Path) -> None:
    write(STEP, tmp_path)

    write(step_of(decision=Decision.CACHED), tmp_path)

    assert [path.name for path in list_files(tmp_path)] == ["step.json"]


@pytest.mark.parametrize(
    ("text", "found"), [("a\0b", "a NUL character"), ("\ud800", "half of a surrogate pair")]
)
def test_what_no_process_can_be_given_is_refused(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(FinalTaskError) as caught:
        write(step_of("echo", text), tmp_path)

    assert str(caught.value) == (
        f"argument {text!r} of the command holds {found}, which no process can receive; encode it"
    )
    assert list_files(tmp_path) == []


def test_a_missing_step_names_who_should_have_written_it(tmp_path: Path) -> None:
    with pytest.raises(FinalTaskError, match=r"step.json' is missing; see the log of container"):
        read_step(tmp_path)


def test_a_step_of_a_newer_release_is_refused_by_version(tmp_path: Path) -> None:
    write(step_of("true", version="2.0"), tmp_path)

    with pytest.raises(FinalTaskError, match=r"has format version 2.0, this release reads up to"):
        read_step(tmp_path / "private")


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("s3://b/k", "/s3/b/k"),
        ("gs://b/k/", "/gcs/b/k/"),
        ("minio://b", "/minio/b"),
        ("file:///data/x", "/data/x"),
        ("/data/x", "/data/x"),
        ("https://h/x", None),
        ("oci://h/x", None),
        ("x", None),
    ],
)
def test_a_uri_is_where_the_sdk_looks_for_it(uri: str, path: str | None) -> None:
    assert find_sdk_path(uri) == path

"""What goes with a run that is deleted, and what stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from argosy_runs.local.deleting import delete_run, delete_runs
from argosy_runs.local.home import RunFiles
from argosy_runs.places import Deletion
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.names import RunId
from cli_processes import argosy, shell_pipeline

LARGE = "head -c 70000 /dev/zero | tr '\\0' x"
"""More than what a record holds itself."""


def run(directory: Path, script: str, *words: str) -> Any:
    """Run a pipeline of one cached task, which writes an artifact and a parameter."""
    document = json.loads(shell_pipeline("keep", {"one": script}))
    document["root"]["dag"]["tasks"]["one"]["cachingOptions"] = {"enableCache": True}
    document["components"]["comp-one"]["outputDefinitions"]["artifacts"] = {
        "data": {"artifactType": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}}
    }
    executors = document["deploymentSpec"]["executors"]
    (executor,) = executors.values()
    executor["container"]["args"].append("{{$.outputs.artifacts['data'].path}}")
    (directory / "keep.json").write_text(json.dumps(document))
    ended = argosy("run", "keep.json", "-q", "-o", "json", *words, cwd=directory)
    assert ended.result["state"] == "SUCCEEDED", ended
    return ended.result


def data(result: Any) -> Path:
    (artifact,) = result["tasks"][0]["outputs"]["artifacts"]["data"]
    return Path(artifact["uri"].removeprefix("file://"))


SCRIPT = f'{LARGE} > "$0"; echo data > "$1"'


def test_artifacts_stay_unless_they_are_to_be_deleted(tmp_path: Path) -> None:
    result = run(tmp_path, SCRIPT)

    deletion = delete_run(tmp_path / ".argosy", RunId(result["run_id"]), artifacts=False)

    assert (deletion.deleted_artifacts, deletion.kept) == (0, ())
    assert data(result).read_text() == "data\n"


def test_nothing_stays_of_a_run_that_is_deleted_with_its_artifacts(tmp_path: Path) -> None:
    result = run(tmp_path, SCRIPT)
    home = tmp_path / ".argosy"

    deletion = delete_run(home, RunId(result["run_id"]), artifacts=True)

    left = [path for path in home.rglob("*") if path.is_file() and "compiled" not in path.parts]
    assert (deletion.deleted_artifacts, deletion.kept) == (1, ())
    assert left == []


def test_what_another_run_took_from_the_cache_stays(tmp_path: Path) -> None:
    first = run(tmp_path, SCRIPT)
    second = run(tmp_path, SCRIPT)
    home = tmp_path / ".argosy"
    assert second["tasks"][0]["cached"]

    deletion = delete_run(home, RunId(first["run_id"]), artifacts=True)

    got = argosy("get", second["run_id"], "-o", "json", cwd=tmp_path).result
    uri, value = deletion.kept
    assert deletion.deleted_artifacts == 0
    assert uri == f"file://{data(first)}"
    assert value.startswith(f"runs/{first['run_id']}/values/")
    assert data(second).read_text() == "data\n"
    assert got == second


def test_a_later_run_does_the_work_of_a_deleted_one_again(tmp_path: Path) -> None:
    first = run(tmp_path, SCRIPT)
    delete_run(tmp_path / ".argosy", RunId(first["run_id"]), artifacts=True)

    second = run(tmp_path, SCRIPT)

    assert not second["tasks"][0]["cached"]


def test_a_run_that_is_damaged_can_be_deleted_without_its_artifacts(tmp_path: Path) -> None:
    result = run(tmp_path, SCRIPT)
    home = tmp_path / ".argosy"
    files = RunFiles(home, RunId(result["run_id"]))
    files.spec.write_text("{")

    with pytest.raises(InvalidArgumentError, match="cannot be read"):
        delete_run(home, files.run_id, artifacts=True)
    delete_run(home, files.run_id, artifacts=False)

    assert not files.path.exists()


def test_a_deletion_that_was_interrupted_can_be_repeated(tmp_path: Path) -> None:
    result = run(tmp_path, SCRIPT)
    home = tmp_path / ".argosy"
    files = RunFiles(home, RunId(result["run_id"]))
    for path in (files.journal, files.lock, *files.path.rglob("*.json")):
        if path != files.spec:
            path.unlink()

    delete_run(home, files.run_id, artifacts=True)

    assert not files.path.exists()
    assert not data(result).exists()


def test_several_runs_are_deleted_at_once(tmp_path: Path) -> None:
    first = run(tmp_path, SCRIPT)
    second = run(tmp_path, SCRIPT)
    other = run(tmp_path, f"{SCRIPT}; echo other")
    third = run(tmp_path, SCRIPT)
    home = tmp_path / ".argosy"
    ids = [RunId(each["run_id"]) for each in (first, other, second)]

    deletions = list(delete_runs(home, [*ids, RunId("../x")], artifacts=True))

    assert [each.kept != () for each in deletions[:3] if isinstance(each, Deletion)] == [
        True,
        False,
        False,
    ]
    assert isinstance(deletions[3], InvalidArgumentError)
    assert data(third).read_text() == "data\n"
    assert not data(other).exists()

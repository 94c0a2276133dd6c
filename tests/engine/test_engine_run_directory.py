"""The directory of a run: its spec and its lock."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from argosy_engine.home.run_directory import RunDirectory
from argosy_runs.viewing.run_spec import RunSpec
from argosy_schemas.errors import InvalidArgumentError, MachineError
from argosy_schemas.names import RunId
from full_disks import files_up_to

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SPEC = RunSpec(
    run_id=RunId("7f3a"),
    name="hello-x1",
    pipeline="hello",
    created_at=AT,
    parameters={"n": "3"},
    root="/r",
    cache=False,
    workflow={"spec": {}},
)


def made(home: Path, run_id: str = "7f3a") -> RunDirectory:
    directory = RunDirectory(home, RunId(run_id))
    directory.create(replace(SPEC, run_id=RunId(run_id)), b"ir")
    return directory


def test_what_a_run_was_given_is_read_back(tmp_path: Path) -> None:
    directory = made(tmp_path)

    assert directory.read() == (SPEC, b"ir")


def test_a_run_of_a_newer_release_is_refused_by_its_format(tmp_path: Path) -> None:
    directory = made(tmp_path)
    file = directory.path / "run.json"
    file.write_text(file.read_text().replace('"version":"1.1"', '"version":"2.0"'))

    with pytest.raises(InvalidArgumentError) as caught:
        directory.read()

    assert str(caught.value) == (
        "run '7f3a' was made by a newer release (format 2.0); update argosy to go on with it"
    )


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version":"1.0"}', b"\xff"])
def test_a_damaged_spec_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    directory = made(tmp_path)
    (directory.path / "run.json").write_bytes(content)

    with pytest.raises(InvalidArgumentError, match=r"^run '7f3a' cannot be read \(.*new run$"):
        directory.read()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(MachineError) as caught:
        made(tmp_path)

    assert str(caught.value) == (
        f"'{tmp_path}' cannot be written: Permission denied; choose another place with --home"
    )


def test_a_home_that_is_a_file_is_said_in_one_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("")

    with pytest.raises(MachineError) as caught:
        made(home)

    assert str(caught.value) == (
        f"'{home}' cannot be written: Not a directory; choose another place with --home"
    )


def test_a_spec_that_cannot_be_written_leaves_nothing_of_it(tmp_path: Path) -> None:
    with files_up_to(10), pytest.raises(MachineError) as caught:
        made(tmp_path)

    assert str(caught.value) == (
        f"'{tmp_path}' cannot be written: File too large; choose another place with --home"
    )
    assert [path.name for path in (tmp_path / "runs/7f3a").iterdir()] == ["ir"]


LOCKING = """
import sys, time
from pathlib import Path
from argosy_engine.home.run_directory import RunDirectory
with RunDirectory(Path(sys.argv[1]), "7f3a").locked():
    print("locked", flush=True)
    time.sleep(60)
"""


def test_two_engines_never_work_on_one_run(tmp_path: Path) -> None:
    directory = made(tmp_path)
    other = subprocess.Popen(
        [sys.executable, "-c", LOCKING, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    other.stdout.readline()

    with pytest.raises(InvalidArgumentError) as caught, directory.locked():
        pass
    other.kill()
    other.wait()
    other.stdout.close()

    assert str(caught.value) == (
        "run '7f3a' is being worked on by another process; wait for it to end"
    )
    with directory.locked():
        pass  # The system let go when the other one was killed.

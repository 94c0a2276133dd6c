"""Files are there as a whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from argosy_schemas.atomic_files import replace_atomically, write_atomically
from full_disks import files_up_to


def test_a_file_is_replaced_with_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("before")

    write_atomically(path, b"after", mode=0o640)

    assert path.read_bytes() == b"after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("before")

    with files_up_to(10), pytest.raises(OSError, match="File too large"):
        write_atomically(path, b"a" * 11)

    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_renamed_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.mkdir()

    with pytest.raises(IsADirectoryError) as caught:
        write_atomically(path, b"after")

    assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_whose_directory_is_not_there_is_told_by_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "away" / "x"

    with pytest.raises(FileNotFoundError) as caught:
        write_atomically(path, b"after")

    assert caught.value.filename == str(path)


def test_a_block_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    def break_off() -> None:
        with replace_atomically(tmp_path / "x") as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()

    assert list(tmp_path.iterdir()) == []


def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)

    write_atomically(path, b"whole")

    assert path.read_bytes() == b"whole"

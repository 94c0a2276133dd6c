"""``argosy doctor``: its lines, its exit status and where it takes the store from."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from cli_processes import argosy


def test_a_store_that_works_gives_a_line_for_each_step(tmp_path: Path) -> None:
    ended = argosy("doctor", "storage", "--store", "there", cwd=tmp_path)

    assert (ended.status, ended.err) == (0, "")
    assert re.sub("[0-9a-f]{32}", "ID", ended.out) == (
        f"storage {tmp_path}/there\n"
        "  ✔ put: wrote the object 'doctor/ID'\n"
        "  ✔ get: read it back, and an absent object is said to be absent\n"
        "  ✔ list: listed the objects beside it\n"
        "  ✔ conditional put: an existing object was left as it is\n"
        "  ✔ multipart: wrote and read 8 MiB and a byte, in two parts\n"
        "  ✔ delete: deleted the object\n"
        "6 checks: 6 ok\n"
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("words", [["doctor"], ["doctor", "storage"]])
def test_a_store_that_fails_ends_with_1(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    ended = argosy(*words, cwd=tmp_path, environment=os.environ | {"ARGOSY_STORE": "file/below"})

    assert (ended.status, ended.err) == (1, "")
    assert ended.out.startswith(f"storage {tmp_path}/file/below\n  ✖ put: failure: {tmp_path}/file")
    assert "  ? get: not seen: not tried, since nothing could be written\n" in ended.out
    assert ended.out.endswith("6 checks: 1 failure, 5 not seen\n")


def test_a_url_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    ended = argosy("doctor", "storage", "--store", "ftp://host/dir", cwd=tmp_path)

    assert (ended.status, ended.out) == (2, "")
    assert ended.errors == [
        "--store: ftp://host/dir: there is no store for the scheme 'ftp'; use a local path, "
        "file://, s3://, minio://, gs:// or az://"
    ]


def test_the_help_of_each_command_stands_alone(tmp_path: Path) -> None:
    ended = argosy("doctor", "storage", "--help", cwd=tmp_path)

    assert ended.out.startswith("Usage: argosy doctor storage [OPTIONS]\n")

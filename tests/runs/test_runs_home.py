"""Which run a person means."""

from __future__ import annotations

from pathlib import Path

import pytest

from argosy_runs.local.home import RunFiles, find_run
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.names import RunId


def made(home: Path, run_id: str) -> None:
    files = RunFiles(home, RunId(run_id))
    files.path.mkdir(parents=True)
    files.spec.write_text("{}")


def test_a_run_is_found_by_its_first_characters(tmp_path: Path) -> None:
    for run_id in ("7f3a", "7f4b", "81"):
        made(tmp_path, run_id)

    assert find_run(tmp_path, "8") == "81"
    assert find_run(tmp_path, "7f3") == "7f3a"


def test_an_exact_id_goes_before_a_longer_one(tmp_path: Path) -> None:
    for run_id in ("7f", "7f4b"):
        made(tmp_path, run_id)

    assert find_run(tmp_path, "7f") == "7f"


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("9", "there is no run '9' in '{home}/runs'; give the --home that it was started with"),
        ("", "there is no run '' in '{home}/runs'; give the --home that it was started with"),
        (
            "7f",
            "'7f' fits 2 runs, '7f3a' and '7f4b' among them; give more characters",
        ),
    ],
)
def test_a_prefix_that_does_not_decide_is_refused(
    tmp_path: Path, prefix: str, message: str
) -> None:
    for run_id in ("7f3a", "7f4b"):
        made(tmp_path, run_id)

    with pytest.raises(InvalidArgumentError) as caught:
        find_run(tmp_path, prefix)

    assert str(caught.value) == message.format(home=tmp_path)

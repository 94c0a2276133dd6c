"""Pipelines of releases of the SDK from 2.0.1 on run, with the components' real executor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cli_processes import Ended, argosy
from sdk_packages import write_sdk_wheel

SAMPLES = Path(__file__).parents[1] / "sdk_samples"
RELEASES = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with the SDK that is installed for development, and nothing else."""
    directory = tmp_path_factory.mktemp("packages")
    write_sdk_wheel(directory)
    return directory


@pytest.fixture
def environment(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a person without a network."""
    base = packages.parent / "cache"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(base),
        "ARGOSY_CACHE_DIR": str(base),
        "UV_CACHE_DIR": str(base / "uv"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(packages),
    }


def run(
    release: str, pipeline: str, *options: str, directory: Path, environment: dict[str, str]
) -> Ended:
    file = SAMPLES / release / f"{pipeline}.yaml"
    return argosy(
        *("run", str(file), "--output", "json", *options), cwd=directory, environment=environment
    )


def outputs(ended: Ended) -> dict[str, Any]:
    """Return display name to the output of its tasks, in order; a single one as it is."""
    found: dict[str, list[Any]] = {}
    for task in ended.result["tasks"]:
        values = list(task["outputs"]["parameters"].values())
        if task["kind"] == "container" and values:
            found.setdefault(task["display_name"], []).append(values[0])
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


@pytest.mark.parametrize("release", RELEASES)
def test_values_conditions_and_loops(
    release: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    ended = run(release, "values", directory=tmp_path, environment=environment)

    assert ended.status == 0, ended.err
    described = '["a \'quoted\' word", 7, 0.5, true, {"rows": [1, 2]}, [1, 2]]'
    assert ended.result["outputs"]["parameters"] == {"Output": described}
    number = tuple(map(int, release.split(".")))
    assert outputs(ended) == {
        "describe": described,
        "static": ["x", "y"],
        "untyped": [2, 4],
        "list-numbers": [3, 4],
        "produced": [6, 8],
        "inner": "eight",
        "large": "large",
        "sum": 14,
        **({"second": "second"} if number >= (2, 3) else {}),
        **({"chosen": "second"} if number >= (2, 4) else {}),
    }


@pytest.mark.parametrize("release", RELEASES)
def test_artifacts_importers_and_nested_pipelines(
    release: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    dataset = tmp_path / "dataset.csv"
    dataset.write_text("a\nb\nc\n")

    ended = run(
        release,
        "artifacts",
        *("--param", f"dataset={dataset}"),
        directory=tmp_path,
        environment=environment,
    )

    assert ended.status == 0, ended.err
    assert ended.result["outputs"]["parameters"] == {"Output": 3}
    assert outputs(ended) == {"train": [5, 3], "measure": "12", "nested": 10}
    (copy,) = ended.task("measure")["outputs"]["artifacts"]["copy"]
    assert Path(copy["uri"].removeprefix("file://")).read_text() == "weights of 3"


@pytest.mark.parametrize("release", RELEASES)
def test_exit_handlers_retries_and_secrets(
    release: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "value").write_text("s3cret\n")

    ended = run(
        release,
        "ends",
        *("--secret", f"token={secret}"),
        directory=tmp_path,
        environment=environment,
    )

    assert ended.status == 0, ended.err
    assert outputs(ended) == {"clean": "COMPLETE", "flaky": "1", "show": "s3cret strict"}
    assert [task["attempts"] for task in ended.result["tasks"] if task["name"] == "flaky"] == [2]

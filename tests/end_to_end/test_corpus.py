"""Real pipelines end as their EXPECTED.md says, run as a person runs them.

The folder is not part of the repository; the tests need it beside the checkout.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from cli_processes import argosy
from corpus_expectations import Expected, differences, read_expected

CORPUS = Path(__file__).parents[3] / "shared" / "kfp-pipelines"
EXPECTATIONS = CORPUS / "EXPECTED.md"
FRESH = "<a fresh file path>"


def cases() -> list[object]:
    if not EXPECTATIONS.is_file():
        return []
    return [
        pytest.param(
            expected, id=expected.file, marks=[pytest.mark.nightly] if is_slow(expected) else []
        )
        for expected in read_expected(EXPECTATIONS.read_text(encoding="utf-8"))
    ]


def is_slow(expected: Expected) -> bool:
    """Whether it sleeps for minutes, or installs large packages."""
    return expected.file.endswith("long-running.yaml") or "+pypi" in expected.kind


def input_artifacts(file: Path) -> list[str]:
    """Return the names of the artifacts that the pipeline takes."""
    spec = next(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    return list(spec["root"].get("inputDefinitions", {}).get("artifacts", {}))


@pytest.mark.skipif(not EXPECTATIONS.is_file(), reason="needs ../shared/kfp-pipelines")
def test_the_expectations_are_read_whole() -> None:
    files = [expected.file for expected in read_expected(EXPECTATIONS.read_text(encoding="utf-8"))]

    assert len(files) == len(set(files))
    assert [file for file in files if not (CORPUS / file).is_file()] == []
    assert len(files) == EXPECTATIONS.read_text(encoding="utf-8").count("\n### ")


@pytest.mark.parametrize("expected", cases())
def test_a_real_pipeline_ends_as_expected(expected: Expected, tmp_path: Path) -> None:
    file = CORPUS / expected.file
    parameters = tmp_path / "parameters.json"
    parameters.write_text(
        json.dumps(
            {
                name: str(tmp_path / name) if value == FRESH else value
                for name, value in expected.parameters.items()
            }
        )
    )
    artifacts: list[str] = []
    for name in input_artifacts(file) if expected.wants_artifacts else []:
        (tmp_path / name).write_text(f"content of {name}")
        artifacts += ["--artifact", f"{name}={tmp_path / name}"]

    ended = argosy(
        *("run", str(file), "--params-file", str(parameters), *artifacts, "--output", "json"),
        cwd=tmp_path,
    )

    assert list(differences(expected, ended.result)) == []
    assert ended.status == (0 if expected.state == "SUCCEEDED" else 1)

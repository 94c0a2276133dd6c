"""Real pipelines end as their EXPECTED.md says, run as a person runs them.

The folder is not part of the repository; the tests need it beside the checkout.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from argosy_compiler import Compiled, CompileOptions, IrPlacement, compile_pipeline
from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_schemas.reading import read_pipeline
from cli_processes import argosy
from corpus_expectations import Expected, differences, read_expected

CORPUS = Path(__file__).parents[3] / "shared" / "kfp-pipelines"
EXPECTATIONS = CORPUS / "EXPECTED.md"
FRESH = "<a fresh file path>"
LARGE = (
    "valid/essential/pipeline_with_nested_conditions.yaml",
    "valid/parallel_and_nested/nested_pipeline_opt_input_child_level_compiled.yaml",
    "valid/pipeline_with_parallelfor_parallelism.yaml",
    "valid/pipeline_with_string_machine_fields_task_output.yaml",
)
"""Those that run and have more than four tasks in one DAG."""


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


def templates(compiled: Compiled) -> list[Any]:
    spec: Any = compiled.workflow["spec"]
    return list(spec["templates"])


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


@pytest.mark.skipif(not EXPECTATIONS.is_file(), reason="needs ../shared/kfp-pipelines")
@pytest.mark.parametrize("file", LARGE)
def test_a_real_pipeline_whose_dags_are_taken_apart_ends_as_expected(
    file: str, tmp_path: Path
) -> None:
    found = {each.file: each for each in read_expected(EXPECTATIONS.read_text(encoding="utf-8"))}
    pipeline = read_pipeline((CORPUS / file).read_bytes(), file=file)
    options = CompileOptions(ir=IrPlacement.STORE, max_dag_tasks=4)
    compiled = compile_pipeline(pipeline, options)

    result = run_workflow(
        compiled.workflow,
        compiled.ir,
        settings=RunSettings(home=tmp_path, cache=False),
        parameters={
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in found[file].parameters.items()
        },
    )

    whole = compile_pipeline(pipeline, replace(options, max_dag_tasks=200))
    assert len(templates(compiled)) > len(templates(whole))
    assert list(differences(found[file], result.to_json())) == []

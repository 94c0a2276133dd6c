"""Real pipelines: all of them compile, to workflows of a bounded size that every Argo takes.

The folder is not part of the repository; the tests need it beside the checkout.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from argosy_compiler import CompiledPipeline, CompileOptions, compile_pipeline
from argosy_compiler.emit import to_model
from argosy_compiler.lint import lint_workflow
from argosy_compiler.options import ARGO_LINES
from argosy_compiler.stats import compute_stats
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import to_json
from workflow_oracle import check_workflow

CORPUS = Path(__file__).parents[3] / "shared" / "kfp-pipelines"
FILES = sorted(
    path.relative_to(CORPUS).as_posix()
    for path in CORPUS.rglob("*.yaml")
    if "invalid" not in path.parts
)
ARGO = os.environ.get("ARGOSY_ARGO_BIN", "")
"""A directory with ``argo-<version>`` binaries, for linting with Argo's own code."""

pytestmark = pytest.mark.skipif(not FILES, reason="needs ../shared/kfp-pipelines")


def read(file: str) -> Pipeline:
    return read_pipeline((CORPUS / file).read_bytes(), file=file)


def compiled(file: str, max_dag_tasks: int = 200) -> CompiledPipeline:
    options = CompileOptions(store="s3://bucket/argosy", max_dag_tasks=max_dag_tasks)
    return compile_pipeline(read(file), options)


def ir_bytes(file: str) -> int:
    pipeline = read(file)
    return len(to_json([pipeline.document, pipeline.platform]))


@pytest.mark.parametrize("max_dag_tasks", [200, 4])
@pytest.mark.parametrize("file", FILES)
def test_workflow_passes_every_argo(file: str, max_dag_tasks: int) -> None:
    workflow = compiled(file, max_dag_tasks).workflow

    to_model(workflow)
    check_workflow(workflow)
    problems = [one for line in ARGO_LINES for one in lint_workflow(workflow, line)]
    assert problems == []


@pytest.mark.parametrize("file", FILES)
def test_workflow_is_small_and_has_one_pod_for_each_task(file: str) -> None:
    result = compiled(file)

    assert len(to_json(result.workflow)) <= 8000 + 0.6 * ir_bytes(file)
    assert compute_stats(result).pods_per_task in (0.0, 1.0)
    assert result.notes == ()


def test_workflows_have_three_quarters_of_the_size_of_their_pipelines_together() -> None:
    workflows = sum(len(to_json(compiled(file).workflow)) for file in FILES)

    assert workflows <= 3 / 4 * sum(map(ir_bytes, FILES))


@pytest.mark.skipif(not ARGO, reason="needs argo binaries in $ARGOSY_ARGO_BIN")
@pytest.mark.parametrize("max_dag_tasks", [200, 4])
def test_argo_itself_finds_nothing(tmp_path: Path, max_dag_tasks: int) -> None:
    for number, file in enumerate(FILES):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(compiled(file, max_dag_tasks).workflow))

    failed = [
        f"{binary.name}: {run.stdout}"
        for binary in sorted(Path(ARGO).glob("argo-v*"))
        if (
            run := subprocess.run(
                [binary, "lint", "--offline", *tmp_path.glob("*.json")],
                capture_output=True,
                text=True,
                check=False,
            )
        ).returncode
    ]

    assert failed == []

"""What the compiler makes of pipelines that the SDK compiled, feature by feature."""

from __future__ import annotations

from pathlib import Path

import pytest

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.emit import TextFormat, emit
from argosy_compiler.lint import lint_workflow
from argosy_compiler.options import ARGO_LINES
from argosy_schemas.reading.pipeline import read_pipeline

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(
    path.relative_to(GOLDEN).as_posix().removesuffix(".ir.yaml")
    for path in GOLDEN.rglob("*.ir.yaml")
)
OPTIONS = {
    "large": CompileOptions(store="s3://bucket/argosy", max_dag_tasks=4),
    "shared": CompileOptions(store="s3://bucket/argosy", max_templates=10),
}
USUAL = CompileOptions(store="s3://bucket/argosy")


@pytest.mark.parametrize("case", CASES)
def test_workflow_is_the_golden_one_and_passes_every_argo(case: str, update_golden: bool) -> None:
    source = GOLDEN / f"{case}.ir.yaml"
    golden = GOLDEN / f"{case}.workflow.yaml"
    pipeline = read_pipeline(source.read_bytes(), file=str(source))

    compiled = compile_pipeline(pipeline, OPTIONS.get(case.partition("/")[0], USUAL))

    text = emit(compiled, TextFormat.YAML)
    if update_golden:
        golden.write_text(text)
    assert text == golden.read_text()
    problems = [one for line in ARGO_LINES for one in lint_workflow(compiled.workflow, line)]
    assert problems == []


def test_every_case_has_its_source() -> None:
    sources = {path.parent.name: path.read_text() for path in GOLDEN.glob("*/sources.py.txt")}

    missing = [
        case
        for case in CASES
        if f"def {case.rpartition('/')[2]}(" not in sources[case.partition("/")[0]]
    ]

    assert CASES
    assert missing == []


def test_equal_pipelines_give_equal_bytes() -> None:
    source = GOLDEN / "conditions" / "nested.ir.yaml"

    texts = {
        emit(compile_pipeline(read_pipeline(source.read_bytes(), file="x.yaml"), USUAL))
        for _ in range(2)
    }

    assert len(texts) == 1

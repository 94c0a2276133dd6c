"""What the compiler makes of pipelines that the SDK compiled, feature by feature."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

import pytest
import yaml

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.emit import TextFormat, emit
from argosy_compiler.lint import lint_workflow
from argosy_compiler.options import ARGO_LINES
from argosy_schemas.reading.pipeline import read_pipeline
from inflated_irs import with_inflated_ir

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
    kept = golden.read_text() if golden.exists() else ""
    if update_golden and with_inflated_ir(text) != with_inflated_ir(kept):
        golden.write_text(text)
        kept = text
    assert with_inflated_ir(text) == with_inflated_ir(kept)
    problems = [one for line in ARGO_LINES for one in lint_workflow(compiled.workflow, line)]
    assert problems == []


def test_golden_workflows_are_compared_by_what_their_ir_inflates_to() -> None:
    text = (GOLDEN / "basics" / "importers.workflow.yaml").read_text()
    parameters = yaml.safe_load(text)["spec"]["arguments"]["parameters"]
    (value,) = [one["value"] for one in parameters if one["name"] == "argosy-ir"]
    otherwise = base64.b64encode(gzip.compress(gzip.decompress(base64.b64decode(value)), 1))

    changed = text.replace(value, otherwise.decode())

    assert changed != text
    assert with_inflated_ir(changed) == with_inflated_ir(text)
    assert '\\"format\\":\\"argosy-ir\\"' in with_inflated_ir(text)


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

"""The names of ``import argosy`` are a promise, and cost nothing until they are used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import argosy

ROOT = Path(__file__).parents[2]
PUBLIC = [
    "AccessDeniedError",
    "ArgosyError",
    "Artifact",
    "ArtifactSpec",
    "ClusterError",
    "CompileOptions",
    "CompiledPipeline",
    "ContainerResources",
    "Event",
    "InvalidArgumentError",
    "InvalidPipelineError",
    "IrPlacement",
    "Listener",
    "MachineError",
    "MissingObjectError",
    "NameTakenError",
    "Note",
    "Notice",
    "ParameterSpec",
    "ParameterType",
    "Pipeline",
    "PlannedTask",
    "PodSecurity",
    "Problem",
    "RefusedObjectError",
    "RunEntry",
    "RunFinished",
    "RunPlan",
    "RunResult",
    "RunStarted",
    "RunState",
    "Stopping",
    "StoreError",
    "SubmittedRun",
    "TaskFinished",
    "TaskKind",
    "TaskLogLine",
    "TaskResult",
    "TaskRetrying",
    "TaskStarted",
    "TaskState",
    "TextFormat",
    "UnreachableClusterError",
    "UnsupportedError",
    "Values",
    "Verdict",
    "compile",
    "emit",
    "plan",
    "read",
    "resume",
    "run",
    "runs",
    "submit",
]


def modules_after(code: str, cwd: Path) -> set[str]:
    """Return the modules that a fresh interpreter loads to run ``code``, without its own."""
    script = f"import sys; before = set(sys.modules)\n{code}\nprint(*(set(sys.modules) - before))"
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=cwd, capture_output=True, text=True, check=True
    )
    return set(ended.stdout.splitlines()[-1].split())


def static_imports() -> dict[str, str]:
    """Return what type checkers take each public name for: name to module."""
    tree = ast.parse(Path(argosy.__file__).read_text())
    return {
        alias.name: str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
    }


def test_the_public_names_are_these_in_order() -> None:
    assert argosy.__all__ == PUBLIC
    assert sorted(argosy.__all__) == PUBLIC
    assert dir(argosy) == PUBLIC


def test_each_name_is_what_type_checkers_take_it_for() -> None:
    static = static_imports()

    assert sorted(static) == PUBLIC
    for name, module in static.items():
        assert getattr(argosy, name) is getattr(sys.modules[module], name)


def test_the_names_of_runs_are_these_in_order() -> None:
    assert argosy.runs.__all__ == ["get", "list"]


def test_an_unknown_name_is_an_attribute_error() -> None:
    name = "rnu"

    with pytest.raises(AttributeError) as caught:
        getattr(argosy, name)

    assert str(caught.value) == "module 'argosy' has no attribute 'rnu'"


def test_the_import_loads_no_other_module(tmp_path: Path) -> None:
    assert modules_after("import argosy", tmp_path) == {"argosy", "__future__"}


def test_the_import_finds_the_package_from_the_checkout(tmp_path: Path) -> None:
    code = "import argosy; print(argosy.__file__)"

    found = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=True
        ).stdout
        for cwd in (ROOT, ROOT / "api", tmp_path)
    }

    assert found == {f"{argosy.__file__}\n"}


def test_a_warm_run_loads_neither_the_compiler_nor_the_reader(tmp_path: Path) -> None:
    pipeline = ROOT / "examples" / "01-hello" / "pipeline.yaml"
    code = f"import argosy; argosy.run({str(pipeline)!r})"
    modules_after(code, tmp_path)

    warm = modules_after(code, tmp_path)

    heavy = {"argosy_compiler", "click", "hera", "jsonschema", "kfp", "obstore", "rich", "yaml"}
    assert "argosy_engine.run" in warm
    assert warm & heavy == set()

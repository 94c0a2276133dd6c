"""Files, bytes, and pipelines of the SDK become the bytes of a compiled pipeline."""

import os
from pathlib import Path

import pytest

from argosy._sources import load_source
from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError, MachineError
from argosy_schemas.source import Source

MAX = 1_000_000

ONE = """
from kfp import dsl

@dsl.component(base_image="python:3.11")
def hello(name: str) -> str:
    return name

@dsl.pipeline(name="one")
def pipeline(name: str = "World"):
    hello(name=name)
"""

TWO = (
    ONE
    + """
@dsl.pipeline(name="two")
def other():
    pipeline()
"""
)

MISTYPED = """
from kfp import dsl

@dsl.component(base_image="python:3.11")
def add(a: int) -> int:
    return a

@dsl.pipeline
def pipeline(a: str):
    add(a=a)
"""


def write(path: Path, text: str) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return str(path)


def test_a_compiled_file_is_taken_as_it_is(tmp_path: Path) -> None:
    name = write(tmp_path / "pipeline.yaml", "a: 1\n")

    assert load_source(name, max_size_bytes=MAX) == Source(file=name, data=b"a: 1\n")


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    name = write(tmp_path / "pipeline.yaml", "x" * 11)

    with pytest.raises(InvalidPipelineError) as caught:
        load_source(name, max_size_bytes=10)

    assert str(caught.value) == f"{name}: is larger than 10 bytes; raise --max-size to read it"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.yaml", "'absent.yaml' does not exist; give the path of a pipeline file"),
        ("", "the path of the pipeline file is empty; give one"),
        ("two.py:", "'two.py:' names no pipeline; write FILE.py:NAME, or FILE.py if it has one"),
        (".", "'.' is a directory; give the path of a pipeline file"),
        (
            "notes.txt",
            "'notes.txt' is not a pipeline file; it must end in .yaml, .yml, .json or .py",
        ),
    ],
)
def test_what_is_no_pipeline_file_is_refused_by_name(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "notes.txt", "")

    with pytest.raises(InvalidArgumentError) as caught:
        load_source(name, max_size_bytes=MAX)

    assert str(caught.value) == message


def test_a_python_file_with_one_pipeline_is_compiled(tmp_path: Path) -> None:
    name = write(tmp_path / "one.py", ONE)

    source = load_source(name, max_size_bytes=MAX)

    assert b"name: one" in source.data


def test_files_beside_a_pipeline_are_not_taken_for_what_the_sdk_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("yaml.py", "kfp.py", "click.py"):
        write(tmp_path / name, "raise ImportError('not this one')\n")
    write(tmp_path / "mine.py", "")
    name = write(tmp_path / "sub" / "one.py", f"import mine\n{ONE}")

    assert b"name: one" in load_source(name, max_size_bytes=MAX).data


@pytest.mark.parametrize(
    ("files", "told"),
    [
        pytest.param(
            {"kfp.py": ""},
            "ModuleNotFoundError: No module named 'kfp.compiler'; 'kfp' is not a package,"
            " in kfp.py",
            id="another-kfp",
        ),
        pytest.param(
            {"yaml.py": "1 / 0\n"}, "ZeroDivisionError: division by zero, in yaml.py", id="yaml"
        ),
    ],
)
def test_why_the_sdk_cannot_be_imported_is_told(
    files: dict[str, str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file, text in files.items():
        write(tmp_path / "path" / file, text)
    monkeypatch.setenv(
        "PYTHONPATH", f"{tmp_path / 'path'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    )
    name = write(tmp_path / "one.py", ONE)

    with pytest.raises(MachineError) as caught:
        load_source(name, max_size_bytes=MAX)

    what, _, where = told.rpartition(", in ")
    assert str(caught.value) == (
        f"'{name}' needs the KFP SDK to be compiled, whose import fails: {what},"
        f" in {tmp_path / 'path' / where}; see whether 'python -c \"import kfp\"' works, or give a"
        " compiled .yaml file"
    )


def test_one_of_several_pipelines_is_picked_by_name(tmp_path: Path) -> None:
    name = write(tmp_path / "two.py", TWO)

    source = load_source(f"{name}:other", max_size_bytes=MAX)

    assert b"name: two" in source.data


def test_several_pipelines_need_a_name(tmp_path: Path) -> None:
    name = write(tmp_path / "two.py", TWO)

    with pytest.raises(InvalidArgumentError) as caught:
        load_source(name, max_size_bytes=MAX)

    assert str(caught.value) == (
        f"'{name}' has 2 pipelines ('other', 'pipeline'); name one, e.g. {name}:other"
    )


def test_a_component_that_stands_alone_is_compiled(tmp_path: Path) -> None:
    name = write(tmp_path / "alone.py", ONE.partition("@dsl.pipeline")[0])

    source = load_source(name, max_size_bytes=MAX)

    assert b"name: hello" in source.data


def test_several_components_without_a_pipeline_need_a_name(tmp_path: Path) -> None:
    alone = ONE.partition("@dsl.pipeline")[0]
    name = write(tmp_path / "both.py", f"{alone}\n{alone.replace('hello', 'bye')}")

    with pytest.raises(InvalidArgumentError) as caught:
        load_source(name, max_size_bytes=MAX)

    assert str(caught.value) == (
        f"'{name}' has 2 components ('bye', 'hello'); name one, e.g. {name}:bye"
    )


def test_a_name_that_is_no_pipeline_is_refused(tmp_path: Path) -> None:
    name = write(tmp_path / "one.py", ONE)

    with pytest.raises(InvalidArgumentError) as caught:
        load_source(f"{name}:absent", max_size_bytes=MAX)

    assert str(caught.value) == f"'{name}' has no pipeline 'absent'; it has the pipeline 'pipeline'"


def test_a_mistake_found_by_the_sdk_is_told_with_its_line(tmp_path: Path) -> None:
    name = write(tmp_path / "mistyped.py", MISTYPED)

    with pytest.raises(InvalidPipelineError) as caught:
        load_source(name, max_size_bytes=MAX)

    assert str(caught.value) == (
        f"{name}:10: InconsistentTypeException: Incompatible argument passed to the input 'a' of "
        "component 'add': Argument type 'STRING' is incompatible with the input type "
        "'NUMBER_INTEGER'"
    )


def test_a_python_file_that_exits_is_told_so(tmp_path: Path) -> None:
    name = write(tmp_path / "exits.py", "raise SystemExit(3)\n")

    with pytest.raises(InvalidPipelineError) as caught:
        load_source(name, max_size_bytes=MAX)

    assert str(caught.value) == f"{name}: ended with exit status 3 while compiling"

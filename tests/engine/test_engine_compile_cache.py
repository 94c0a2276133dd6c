"""A pipeline is compiled once, and again when what compiles it has changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from argosy_engine.home import compile_cache
from argosy_engine.home.compile_cache import RunnablePipeline, compile_cached
from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.source import Source
from full_disks import files_up_to

HELLO = Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml"
MEBIBYTE = 2**20


def compiled(source: Source, home: Path) -> RunnablePipeline:
    return compile_cached(source, home=home, max_size_bytes=MEBIBYTE)


@pytest.fixture
def hello() -> Source:
    return Source(file=str(HELLO), data=HELLO.read_bytes())


def entries(home: Path) -> list[Path]:
    return sorted((home / "compiled").iterdir())


def test_a_warm_reading_neither_parses_nor_compiles(hello: Source, tmp_path: Path) -> None:
    fresh = compiled(hello, tmp_path)
    (entry,) = entries(tmp_path)
    entry.write_text(entry.read_text().replace("Workflow", "FromTheCache"))

    warm = compiled(hello, tmp_path)

    assert fresh.workflow["kind"] == "Workflow"
    assert (warm.workflow["kind"], warm.ir) == ("FromTheCache", fresh.ir)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"workflow": {}}', '{"workflow": 1, "ir": "?"}']
)
def test_a_broken_entry_is_replaced(content: str, hello: Source, tmp_path: Path) -> None:
    fresh = compiled(hello, tmp_path)
    (entry,) = entries(tmp_path)
    whole = entry.read_text()
    entry.write_text(content)

    again = compiled(hello, tmp_path)

    assert again == fresh
    assert entry.read_text() == whole


def test_a_changed_compiler_compiles_again(
    hello: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "path" / "made_up_compiler"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(package.parent), *sys.path])
    monkeypatch.setattr(compile_cache, "COMPILER_PACKAGES", ("made_up_compiler",))
    compiled(hello, tmp_path)
    compiled(hello, tmp_path)
    before = entries(tmp_path)

    (package / "passes").mkdir()
    (package / "passes" / "place_ir.py").write_text("LIMIT = 1")
    compiled(hello, tmp_path)

    assert (len(before), len(entries(tmp_path))) == (1, 2)


def test_a_home_that_cannot_be_written_is_left_to_the_engine(hello: Source, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("a file")

    assert compiled(hello, home).workflow["kind"] == "Workflow"


def test_an_entry_that_cannot_be_written_leaves_nothing(hello: Source, tmp_path: Path) -> None:
    with files_up_to(100):
        fresh = compiled(hello, tmp_path)

    assert fresh.workflow["kind"] == "Workflow"
    assert entries(tmp_path) == []


def test_an_entry_whose_place_is_taken_leaves_nothing(hello: Source, tmp_path: Path) -> None:
    compiled(hello, tmp_path)
    (entry,) = entries(tmp_path)
    entry.unlink()
    entry.mkdir()

    compiled(hello, tmp_path)

    assert entries(tmp_path) == [entry]


def test_an_invalid_pipeline_leaves_no_entry(tmp_path: Path) -> None:
    with pytest.raises(InvalidPipelineError):
        compiled(Source(file="x.yaml", data=b"a: 1"), tmp_path)

    assert list(tmp_path.iterdir()) == []

"""The page about JSON output and what is printed agree, member by member."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli_processes import argosy, broken_groups, shell_pipeline

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "json-output.md"
GOLDEN = ROOT / "tests" / "golden"

Samples = list[dict[str, Any]]


@dataclass(frozen=True)
class Member:
    """A row of the page."""

    types: frozenset[str]
    may_be_absent: bool


def documented(command: str) -> dict[str, Member]:
    """Return the members of a command's object by their path, as the page has them."""
    (section,) = re.findall(
        rf"^## argosy {command}$(.*?)(?=^## |\Z)", PAGE.read_text(), re.DOTALL | re.MULTILINE
    )
    return {
        path: Member(frozenset(types.split(" or ")), meaning.startswith("*absent*"))
        for path, types, meaning in re.findall(
            r"^\| `(.*?)` \| (.*?) \| (.*?) ?\|$", section, re.MULTILINE
        )
    }


def kind(value: object) -> str:
    """Return a type as the page names it."""
    names: dict[type[object], str] = {
        type(None): "null",
        bool: "boolean",
        int: "integer",
        str: "string",
    }
    return names.get(type(value)) or ("object" if isinstance(value, dict) else "list")


def found(value: Any, known: dict[str, Member], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each path in a value that is not of the pipeline's own making, and the type there."""
    if path:
        yield path, kind(value) if "any" not in known[path].types else "any"
        if "any" in known[path].types:
            return
    type_ = kind(value)
    if type_ == "list":
        for item in value:
            entry = f"{path}[]"
            yield from found(item, known, entry) if entry in known else inside(item, known, entry)
    elif type_ == "object":
        yield from inside(value, known, path)


def inside(value: Any, known: dict[str, Member], path: str) -> Iterator[tuple[str, str]]:
    start = f"{path}." if path else ""
    if f"{start}*" in known:
        for item in value.values():
            yield from found(item, known, f"{start}*")
        return
    own = {one for one in known if re.fullmatch(re.escape(start) + r"[^.\[*]+", one)}
    given = {f"{start}{name}" for name in value}
    assert given <= own, "not on the page"
    assert {one for one in own - given if not known[one].may_be_absent} == set(), "not printed"
    for name, item in value.items():
        yield from found(item, known, f"{start}{name}")


def runs(directory: Path) -> Samples:
    train = str(ROOT / "examples" / "03-train" / "pipeline.yaml")
    (directory / "groups.json").write_text(broken_groups())
    out = {"Output": {"artifactType": {"schemaTitle": "system.Dataset"}}}
    made = json.loads(shell_pipeline("made", {"say": 'printf x > "$0"'}))
    made["components"]["comp-say"]["outputDefinitions"]["artifacts"] = out
    made["root"]["dag"]["outputs"] = {
        "parameters": {
            "text": {"valueFromParameter": {"producerSubtask": "say", "outputParameterKey": "text"}}
        },
        "artifacts": {
            "file": {
                "artifactSelectors": [{"producerSubtask": "say", "outputArtifactKey": "Output"}]
            }
        },
    }
    kinds = {
        "parameters": {"text": {"parameterType": "STRING"}},
        "artifacts": {"file": {**out["Output"]}},
    }
    made["root"]["outputDefinitions"] = kinds
    out["Output"]["metadata"] = {"of": "say"}
    (directory / "made.json").write_text(json.dumps(made))
    loops = str(ROOT / "examples" / "10-loops" / "pipeline.yaml")
    return [
        argosy("run", train, "-o", "json", "-q", cwd=directory).result,
        argosy("run", loops, "-o", "json", "-q", cwd=directory).result,
        argosy("run", "made.json", "-o", "json", "-q", cwd=directory).result,
        argosy("run", "groups.json", "-p", "word=", "-o", "json", cwd=directory).result,
        argosy("run", train, "--home", f"{train}/none", "-o", "json", cwd=directory).result,
    ]


def plans(directory: Path) -> Samples:
    loops = str(ROOT / "examples" / "10-loops" / "pipeline.yaml")
    first = argosy("plan", loops, "-o", "json", cwd=directory).result
    argosy("run", loops, "-q", cwd=directory)
    return [
        first,
        argosy("plan", loops, "-o", "json", cwd=directory).result,
        argosy(
            *("plan", str(GOLDEN / "kubernetes" / "claims.ir.yaml"), "-o", "json"), cwd=directory
        ).result,
    ]


def lints(directory: Path) -> Samples:
    (directory / "broken.yaml").write_text("a: 1\na: 2\n")
    return [
        argosy("lint", "broken.yaml", "absent.yaml", "-o", "json", cwd=directory).result,
        argosy(
            *("lint", str(GOLDEN / "loops" / "static.ir.yaml"), "-o", "json"), cwd=directory
        ).result,
    ]


def listed_runs(directory: Path) -> Samples:
    failing_run(directory)
    train = str(ROOT / "examples" / "03-train" / "pipeline.yaml")
    argosy("run", train, "-q", cwd=directory)
    return [argosy("list", "-o", "json", cwd=directory).result]


def explanations(directory: Path) -> Samples:
    failing_run(directory)
    return [
        argosy("why", "-o", "json", cwd=directory).result,
        argosy("why", "@latest", "one", "-o", "json", cwd=directory).result,
        argosy("why", "@latest", "two", "-o", "json", cwd=directory).result,
    ]


def failing_run(directory: Path) -> None:
    scripts = {"one": "echo no; exit 7", "two": 'printf x > "$0"'}
    (directory / "bad.json").write_text(shell_pipeline("bad", scripts, after={"two": "one"}))
    argosy("run", "bad.json", "-q", cwd=directory)


def checks(directory: Path) -> Samples:
    (directory / "file").write_text("")
    return [
        argosy("doctor", "storage", "-o", "json", cwd=directory).result,
        argosy("doctor", "storage", "--store", "file/none", "-o", "json", cwd=directory).result,
    ]


def versions(directory: Path) -> Samples:
    return [argosy("version", "-o", "json", cwd=directory).result]


@pytest.mark.parametrize(
    ("command", "samples", "unseen"),
    [
        ("run", runs, {}),
        # A run that goes on has no end, and a task that came to no pod no log.
        # Runs of this machine have no names.
        ("list", listed_runs, {"runs[].finished_at": {"null"}, "runs[].name": {"string"}}),
        ("why", explanations, {"causes[].log": {"null"}, "causes[].error": {"null"}}),
        ("plan", plans, {}),
        ("lint", lints, {}),
        ("doctor", checks, {}),
        ("version", versions, {"kfp": {"null"}}),  # it is installed here
    ],
)
def test_every_member_is_on_the_page_and_every_one_of_the_page_is_printed(
    command: str,
    samples: Callable[[Path], Samples],
    unseen: dict[str, set[str]],
    tmp_path: Path,
) -> None:
    known = documented(command)

    printed = [pair for sample in samples(tmp_path) for pair in found(sample, known)]

    types: dict[str, set[str]] = {}
    for path, type_ in printed:
        types.setdefault(path, set()).add(type_)
    paths = types.keys() | unseen.keys()
    assert {path: types.get(path, set()) | unseen.get(path, set()) for path in paths} == {
        path: set(member.types) for path, member in known.items()
    }


@pytest.mark.parametrize(
    ("command", "is_told"),
    [
        ("run pipeline.yaml --home pipeline.yaml/none", True),
        ("plan pipeline.yaml --home pipeline.yaml/none", False),
        ("run pipeline.py", True),
        ("plan pipeline.py", False),
        ("lint pipeline.yaml pipeline.py", False),
    ],
)
def test_on_a_machine_that_refuses_its_part_only_a_run_prints_an_object(
    command: str, is_told: bool, tmp_path: Path
) -> None:
    for name in ("pipeline.yaml", "pipeline.py"):
        (tmp_path / name).write_text((ROOT / "examples" / "03-train" / name).read_text())
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "kfp.py").write_text("1 / 0\n")
    path = f"{tmp_path / 'path'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"

    ended = argosy(
        *command.split(), "-o", "json", cwd=tmp_path, environment={**os.environ, "PYTHONPATH": path}
    )

    assert ended.status == 1
    (error,) = ended.errors
    if is_told:
        assert ended.result["error"] == error
    else:
        assert ended.out == ""

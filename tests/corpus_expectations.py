"""What EXPECTED.md of the folder of real pipelines says, and how a run differs from it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Task = dict[str, Any]
"""An entry of ``tasks`` in the JSON of a run."""

# What differs from run to run: paths, names and ids of runs, and the metadata of an artifact that
# cannot be given from outside.
_RANDOM = re.compile(
    r"<[a-z ]+>|-[0-9a-f]{5}\b|[0-9a-f]{8}-[0-9a-f-]{27}|print-all-placeholders, \d+|\{'m': 1\}"
)


@dataclass(slots=True)
class Expected:
    """What EXPECTED.md says of one pipeline."""

    file: str
    kind: str = ""
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    wants_artifacts: bool = False
    state: str = "SUCCEEDED"
    """Also of what nobody ran for that document, since it took too long."""
    tasks: dict[str, str] = field(default_factory=dict[str, str])
    """Path as written there to the rest of its line."""
    skipped: list[str] = field(default_factory=list[str])
    failed: list[str] = field(default_factory=list[str])
    outputs: dict[str, Any] | None = None


def read_expected(text: str) -> Iterator[Expected]:
    """Yield the sections about pipelines that can run."""
    runnable = text.partition("## Runnable as plain subprocesses")[2].partition("\n## ")[0]
    for section in re.split(r"^### ", runnable, flags=re.MULTILINE)[1:]:
        yield _section(section)


def _section(section: str) -> Expected:
    lines = section.splitlines()
    expected = Expected(file=lines[0].strip())
    for line in lines[1:]:
        key, _, rest = line.removeprefix("- ").partition(": ")
        if line.startswith("  - "):
            path, _, said = line.removeprefix("  - `").partition("`")
            expected.tasks[path] = said
        elif key == "class":
            expected.kind = rest
        elif key == "run parameters given":
            found = re.search(r"`(\{.*\})`", rest)
            expected.parameters = json.loads(found[1]) if found else {}
            expected.wants_artifacts = "input artifacts" in rest
        elif key == "final run state":
            expected.state = "SUCCEEDED" if "SUCCEEDED" in rest else "FAILED"
        elif key == "skipped (condition false)":
            expected.skipped = _paths(rest)
        elif key == "failed":
            expected.failed = _paths(rest)
        elif key == "pipeline output parameters":
            expected.outputs = json.loads(rest.strip("`"))
    return expected


def _paths(text: str) -> list[str]:
    found: list[str] = []
    for path, at in re.findall(r"`([^`]+)`(?: at ([\d, ]+))?", text):
        for number in re.findall(r"\d+", at) or [""]:
            found.append(path.replace("[*]", f"[{number}]"))
    return [re.sub(r"\[(\d+)\]", r"/\1", path) for path in found]


def differences(expected: Expected, result: dict[str, Any]) -> Iterator[str]:
    """Yield what is not as it should be in the JSON of a run."""
    tasks: list[Task] = result["tasks"]
    if result["state"] != expected.state:
        yield f"state {result['state']}, not {expected.state} ({result['error']})"
    states = {task["path"]: task["state"] for task in tasks}
    for path in expected.failed:
        if states.get(path) != "FAILED":
            yield f"{path}: {states.get(path)}, not FAILED"
    for path in expected.skipped:
        if states.get(path) != "SKIPPED":
            yield f"{path}: {states.get(path)}, not SKIPPED"
    for path, said in expected.tasks.items():
        yield from _task_differences(path, said, [task for task in tasks if _matches(path, task)])
    if expected.tasks:
        yield from _unexpected(expected, tasks)
    outputs = result["outputs"]["parameters"]
    if expected.outputs is not None and outputs != expected.outputs:
        yield f"outputs {outputs}, not {expected.outputs}"


def _matches(pattern: str, task: Task) -> bool:
    regex = re.escape(pattern).replace(r"\[\*\]", r"/\d+")
    return re.fullmatch(regex, task["path"]) is not None


def _unexpected(expected: Expected, tasks: list[Task]) -> Iterator[str]:
    for task in tasks:
        if task["kind"] != "container" or task["state"] != "SUCCEEDED":
            continue
        if not any(_matches(pattern, task) for pattern in expected.tasks):
            yield f"{task['path']} succeeded, and nobody said so"


def _task_differences(path: str, said: str, found: list[Task]) -> Iterator[str]:
    if said.startswith(": loop, iterations "):
        wanted = [int(one) for one in re.findall(r"\d+", said)]
        if len(found) != len(wanted):
            yield f"{path}: {len(found)} loops, not {len(wanted)}"
        return
    succeeded = [task for task in found if task["state"] == "SUCCEEDED"]
    times = re.match(r" x(\d+)", said)
    count = int(times[1]) if times else 1
    if len(succeeded) != count:
        states = ", ".join(f"{task['state']} {task['error'] or task['reason']}" for task in found)
        yield f"{path}: {len(succeeded)} succeeded, not {count} ({states})"
        return
    outputs = re.search(r" → (.*?)(?:; prints |; artifacts |$)", said)
    if outputs:
        yield from _output_differences(path, outputs[1], succeeded)
    prints = re.search(r"; prints (.*?)(?:; artifacts |$)", said)
    if prints:
        yield from _print_differences(path, prints[1], succeeded)
    artifacts = re.search(r"; artifacts (.*)$", said)
    if artifacts:
        yield from _artifact_differences(path, artifacts[1], succeeded)


def _output_differences(path: str, text: str, tasks: list[Task]) -> Iterator[str]:
    if "<path>" in text:
        return
    try:
        wanted = json.loads(text)
    except ValueError:
        return
    have: list[Any] = [task["outputs"]["parameters"] for task in tasks]
    if isinstance(wanted, list):
        have = [value.get("Output", value) for value in have]
        if path.endswith("print-artifact-name") or path.endswith("print-artifact-name-2"):
            return  # The artifact's name is for the runtime to choose.
    else:
        wanted = [wanted]
    if have != wanted:
        yield f"{path}: outputs {have}, not {wanted}"


def _print_differences(path: str, text: str, tasks: list[Task]) -> Iterator[str]:
    wanted = [one.strip("` ") for one in text.split("` | `")]
    for task, lines in zip(tasks, wanted, strict=False):
        if task["cached"]:
            continue
        printed = Path(task["log"]).read_text(errors="replace")
        for line in lines.split(" ⏎ "):
            pieces = _RANDOM.split(line)
            for piece in pieces:
                if piece.strip() and not _has(printed, piece.strip()):
                    yield f"{path}: did not print '{piece}'"


def _has(printed: str, piece: str) -> bool:
    # A shell under `set -x` quotes as it likes.
    return piece in printed or piece.replace("'", "") in printed.replace("'", "")


def _artifact_differences(path: str, text: str, tasks: list[Task]) -> Iterator[str]:
    for task, part in zip(tasks, text.split(" | "), strict=False):
        for name, content in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', part):
            artifacts = task["outputs"]["artifacts"].get(name)
            if not artifacts:
                yield f"{path}: no artifact '{name}'"
                continue
            file = Path(artifacts[0]["uri"].removeprefix("file://"))
            if content in ("(no file)", "(binary)"):
                continue
            wanted = json.loads(f'"{content}"').rstrip("…")
            have = file.read_text(errors="replace") if file.is_file() else "(no file)"
            if "<" in wanted or "Sepal" in wanted or "1.699" in wanted:
                continue
            if not have.startswith(wanted):
                yield f"{path}: artifact '{name}' is {have[:60]!r}, not {wanted[:60]!r}"

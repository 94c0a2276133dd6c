"""How a run differs from its plan, and the plan after it from what is in the cache."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_LEFT_OUT = ("SKIPPED", "NOT_RUN")
_STATES = {
    "run": ("SUCCEEDED", "FAILED"),
    "run or cached": ("SUCCEEDED", "FAILED"),
    "cached": ("SUCCEEDED",),
    "register": ("SUCCEEDED",),
    "skipped": ("SKIPPED",),
    "not run": ("NOT_RUN",),
    "fail": ("FAILED",),
    "unknown": ("SUCCEEDED", "FAILED", *_LEFT_OUT),
}


def plan_differences(plan: Json, result: Json, home: Path) -> Iterator[str]:
    """Yield where a run did not do what its plan said.

    A plan takes tasks for granted that do not fail: in a run that failed, others may not have come
    to run. A task that was planned to run may be served by another task of the same run.

    Args:
        plan: What was planned.
        result: The result of the run.
        home: Holds the records of the run.
    """
    leaves = [task for task in result["tasks"] if task["kind"] in ("container", "importer")]
    planned = [task for task in plan["tasks"] if task["kind"] in ("container", "importer")]
    for task in leaves:
        found = [one for one in planned if _matches(one["path"], task["path"])]
        if not found and task["state"] == "NOT_RUN" and _is_left_out(task, plan, result):
            continue
        if len(found) != 1:
            yield f"{task['path']}: planned {len(found)} times"
            continue
        (expected,) = found
        verdict, state = expected["verdict"], task["state"]
        was_held_up = state == "NOT_RUN" and result["state"] == "FAILED"
        if state not in _STATES[verdict] and not was_held_up:
            yield f"{task['path']}: '{verdict}' was planned, and it is {state}"
        if task["cached"] and verdict == "run" and not _served_by_this_run(task, result, home):
            yield f"{task['path']}: 'run' was planned, and an earlier run served it"
        if state == "SUCCEEDED" and verdict == "cached" and not task["cached"]:
            yield f"{task['path']}: 'cached' was planned, and it ran"
    held_up = {
        _without_iterations(task["path"])
        for task in leaves
        if task["state"] == "NOT_RUN" and result["state"] == "FAILED"
    }
    for expected in planned:
        path = expected["path"]
        if (
            expected["verdict"] != "unknown"
            and not any(_matches(path, task["path"]) for task in leaves)
            and _without_iterations(path) not in held_up
        ):
            yield f"{expected['path']}: '{expected['verdict']}' was planned, and it is not there"


def cache_differences(before: Json, result: Json, after: Json) -> Iterator[str]:
    """Yield what the plan after a run does not take from the cache, of that run, although it may.

    What succeeded with a fingerprint is there, and so all that it leads to is known as well.
    """
    succeeded = {
        task["path"]
        for task in result["tasks"]
        if task["kind"] == "container" and task["state"] == "SUCCEEDED"
    }
    planned = {task["path"]: task for task in after["tasks"]}
    for path in sorted(succeeded):
        task = planned.get(path)
        if task is None or task["fingerprint"] is None:
            continue  # what is before it, or it itself, is new in each run
        if task["verdict"] != "cached":
            yield f"{path}: '{task['verdict']}' although it succeeded"
        elif task["cached_from"]["run_id"] != result["run_id"]:
            yield f"{path}: cached from run {task['cached_from']['run_id']}"
    for task in before["tasks"]:
        fingerprint = task["fingerprint"]
        if fingerprint is None or task["path"] not in succeeded:
            continue
        if planned[task["path"]]["fingerprint"] != fingerprint:
            yield f"{task['path']}: another fingerprint"


def _served_by_this_run(task: Json, result: Json, home: Path) -> bool:
    record = home / "runs" / result["run_id"] / "tasks" / task["path"] / "success.json"
    source: Json = json.loads(record.read_bytes())["cachedFrom"]
    return bool(source["runId"] == result["run_id"])


def _matches(pattern: str, path: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"/\*", r"/\d+"), path) is not None


def _is_left_out(task: Json, plan: Json, result: Json) -> bool:
    """Return whether a task is in a loop that did not run, and so has no iterations."""
    path = _without_iterations(task["path"])
    loops = [
        one["verdict"]
        for one in plan["tasks"]
        if one["kind"] == "loop" and path.startswith(f"{_without_iterations(one['path'])}/")
    ]
    return bool(loops) and (result["state"] == "FAILED" or "unknown" in loops)


def _without_iterations(path: str) -> str:
    return re.sub(r"/(\d+|\*)(?=/|$)", "", path)

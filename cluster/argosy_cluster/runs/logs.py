"""What the tasks of a run on a cluster write: from their pods while these last, then as stored.

The launcher stores the log of an attempt when its command has ended, so a running task is read from
its pod, by the log API of Kubernetes. Each look asks for what came since the last line that was
seen, so that a connection that is cut, or an API server that restarts, costs nothing. A pod that is
gone before its last lines were seen is finished from the stored log, which has the same lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from argosy_cluster.cluster import Cluster, Document
from argosy_cluster.resources import PODS, WORKFLOW_LABEL
from argosy_runs.argo.pods.documents import read_member, read_members
from argosy_runs.log_lines import keep_last_lines, matches_task
from argosy_runs.places import LogLine
from argosy_runs.sdk_lines import SdkLines
from argosy_schemas.errors import (
    AccessDeniedError,
    MissingObjectError,
    StoreError,
    UnreachableClusterError,
)
from argosy_schemas.names import AttemptId, TaskPath
from argosy_schemas.pod import ENV_TASK, LAUNCHER_CONTAINER, MAIN_CONTAINER
from argosy_store.objects import ObjectStore

_OTHERS_LINE: Final = re.compile(
    rb'^(?:time=.* argo=true\b|\{.*"argo":\s*true\b.*\}$|Error: exit status \d+$|argosy: )'
)
"""What Argo's own program and ``exec`` write into the log of a container; stored logs lack it."""
_TIME: Final = re.compile(rb"^(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) ?")


@dataclass(slots=True, kw_only=True)
class _Attempt:
    """One pod, as far as its log has been read."""

    path: TaskPath
    pod: str = ""
    """Its name; empty: it was never seen."""
    seen_at: bytes = b""
    """The time of the last line."""
    seen_then: int = 0
    """How many lines of that time were read."""
    lines: int = 0
    """How many lines of the task were read."""
    is_done: bool = False


class ClusterLogReader:
    """Reads the logs of some tasks of a run, also while they are written; each line once."""

    def __init__(
        self,
        cluster: Cluster | None,
        store: ObjectStore | None,
        *,
        workflow: str,
        run_id: str,
        task: str | None = None,
        sdk_lines: bool = True,
    ) -> None:
        """Make a reader of the logs of the tasks that ``task`` stands for; ``None``: of all.

        Args:
            cluster: ``None``: the pods are not looked at.
            store: ``None``: stored logs cannot be read from here.
            workflow: Its name.
            run_id: Of the run.
            task: A path, or some segments of one.
            sdk_lines: Whether to yield what the KFP SDK wrote around the components.
        """
        self._cluster = cluster
        self._store = store
        self._workflow = workflow
        self._root = f"runs/{run_id}/tasks"
        self._task = task
        self._sdk_lines = None if sdk_lines else SdkLines()
        self._attempts: dict[AttemptId, _Attempt] = {}
        self.notices: list[str] = []
        """What could not be read, each once."""

    def read(self, *, is_over: bool = True) -> Iterator[LogLine]:
        """Yield the lines that came since the last call, attempt by attempt.

        Args:
            is_over: Whether nothing more is written: then stored logs are looked at once more.
        """
        is_first = not self._attempts
        pods = self._list_pods()
        vanished = any(
            not attempt.is_done and attempt_id not in pods
            for attempt_id, attempt in self._attempts.items()
        )
        if is_first or vanished or is_over:
            # A stored log is whole; that of a pod may have been shortened by its node.
            in_pods = {
                attempt_id
                for attempt_id, pod in pods.items()
                if attempt_id in self._attempts or "terminated" not in _main_state(pod)
            }
            yield from self._read_stored(in_pods)
        for attempt_id in sorted(pods, key=lambda each: _created_at(pods[each])):
            yield from self._read_pod(attempt_id, pods[attempt_id])

    def _list_pods(self) -> dict[AttemptId, Document]:
        """Return the pods of the tasks, by UID, which is the id of the attempt."""
        if self._cluster is None:
            return {}
        try:
            listing = self._cluster.list(PODS, labels=f"{WORKFLOW_LABEL}={self._workflow}")
        except AccessDeniedError as error:
            self._note(f"the logs of running tasks cannot be read: {error}")
            return {}
        except UnreachableClusterError as error:
            self._note(f"{error}")
            return {}
        return {AttemptId(_uid(each)): each for each in listing.items if self._path(each)}

    def _path(self, pod: Document) -> TaskPath | None:
        """Return the task of a pod; ``None``: another one is wanted, or the pod only decides."""
        path = find_pod_task(pod)
        return None if path is None else self._wanted(path)

    def _wanted(self, path: TaskPath) -> TaskPath | None:
        return path if self._task is None or matches_task(path, self._task) else None

    def _read_pod(self, attempt_id: AttemptId, pod: Document) -> Iterator[LogLine]:
        path, cluster = self._path(pod), self._cluster
        if path is None or cluster is None:
            return
        attempt = self._attempts.setdefault(attempt_id, _Attempt(path=path))
        if attempt.is_done:
            return
        attempt.pod = str(read_member(pod, "metadata").get("name"))
        state = _main_state(pod)
        has_ended = "terminated" in state
        if not has_ended and "running" not in state:
            return
        try:
            yield from self._new_lines(cluster, attempt, has_ended=has_ended)
        except (MissingObjectError, UnreachableClusterError):
            return  # It is gone, or the API server is: the next look sees it.
        except AccessDeniedError as error:
            self._note(f"the logs of running tasks cannot be read: {error}")
            return
        # What it wrote before it ended is there by now.
        attempt.is_done = has_ended

    def _new_lines(
        self, cluster: Cluster, attempt: _Attempt, *, has_ended: bool
    ) -> Iterator[LogLine]:
        since = attempt.seen_at.decode() or None
        # Times are compared, and lines of the same time counted: the API gives whole seconds again.
        last, known = attempt.seen_at, attempt.seen_then
        again = 0
        pieces = cluster.read_log(attempt.pod, MAIN_CONTAINER, since=since, timestamps=True)
        for line in _split(pieces, with_rest=has_ended):
            match = _TIME.match(line)
            if match is None:
                continue
            at = match[1]
            order = _compare(at, last)
            if order < 0:
                continue
            if order == 0:
                again += 1
                if again <= known:
                    continue
                attempt.seen_then += 1
            else:
                attempt.seen_at, attempt.seen_then = at, 1
                last, known, again = at, 0, 1
            text = line[match.end() :]
            if _OTHERS_LINE.match(text):
                continue
            attempt.lines += 1
            yield from self._show(attempt.path, text)

    def _read_stored(self, in_pods: Set[AttemptId]) -> Iterator[LogLine]:
        """Yield the rest of the logs of attempts that are not read from their pods."""
        store = self._store
        if store is None:
            return
        try:
            found = sorted(
                (info for info in store.list(self._root) if info.key.endswith(".log")),
                key=lambda info: (info.modified, info.key),
            )
        except StoreError as error:
            self._note(f"stored logs cannot be read from here: {error}")
            return
        for info in found:
            place, _, name = info.key.removeprefix(f"{self._root}/").rpartition("/")
            attempt_id = AttemptId(name.removesuffix(".log"))
            if attempt_id in in_pods or self._wanted(TaskPath(place)) is None:
                continue
            attempt = self._attempts.setdefault(attempt_id, _Attempt(path=TaskPath(place)))
            if attempt.is_done:
                continue
            try:
                data = store.get(info.key)
            except StoreError as error:
                self._note(f"stored logs cannot be read from here: {error}")
                continue
            attempt.is_done = True
            for line in islice(_split(iter((data or b"",))), attempt.lines, None):
                yield from self._show(attempt.path, line)

    def _show(self, path: TaskPath, line: bytes) -> Iterator[LogLine]:
        text = line.decode(errors="replace").rstrip("\r\n")
        if self._sdk_lines is None or not self._sdk_lines.is_sdk_line(path, text):
            yield LogLine(path, text)

    def _note(self, notice: str) -> None:
        if notice not in self.notices:
            self.notices.append(notice)


def find_pod_task(pod: Document) -> TaskPath | None:
    """Return the task of a pod; ``None`` if it has none, such as a pod that only decides."""
    for container in read_members(read_member(pod, "spec"), "containers"):
        if container.get("name") == LAUNCHER_CONTAINER:
            for variable in read_members(container, "env"):
                if variable.get("name") == ENV_TASK:
                    return TaskPath(str(variable.get("value")))
    return None


def read_own_lines(cluster: Cluster, pod: str) -> Iterator[bytes]:
    """Yield the lines that the command of a task wrote, from its pod, without those of Argo.

    Raises:
        ClusterError: The log may not be read, or the cluster does not answer.
    """
    lines = _split(cluster.read_log(pod, MAIN_CONTAINER))
    return (line for line in lines if not _OTHERS_LINE.match(line))


def read_last_pod_lines(cluster: Cluster, pod: str, path: TaskPath, count: int) -> tuple[str, ...]:
    """Return the last lines that the command of a task wrote, from its pod; none if it has none.

    Without those of the KFP SDK and of Argo.

    Raises:
        ClusterError: The log may not be read, or the cluster does not answer.
    """
    try:
        # Some lines are Argo's.
        found = list(_split(cluster.read_log(pod, MAIN_CONTAINER, tail=count + 100)))
    except MissingObjectError:
        return ()
    own = (line.decode(errors="replace") for line in found if not _OTHERS_LINE.match(line))
    return keep_last_lines(own, path, count)


def _split(pieces: Iterator[bytes], *, with_rest: bool = True) -> Iterator[bytes]:
    """Yield lines without their ends; on request without a last one that has no end yet."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest and with_rest:
        yield rest


def _compare(one: bytes, other: bytes) -> int:
    """Return -1, 0 or 1 as a time is before another one; before comes no time at all."""
    if one == other:
        return 0
    if not other:
        return 1
    return -1 if _key(one) < _key(other) else 1


def _key(at: bytes) -> tuple[datetime, str]:
    # Nanoseconds are more than Python's times hold.
    whole, _, rest = at.decode().partition(".")
    digits = re.match(r"\d*", rest)
    fraction = "" if digits is None else digits[0]
    zone = rest[len(fraction) :] or whole[19:] or "Z"
    return datetime.fromisoformat(f"{whole[:19]}{zone.replace('Z', '+00:00')}"), fraction.ljust(
        9, "0"
    )


def _uid(document: Document) -> str:
    return str(read_member(document, "metadata").get("uid"))


def _created_at(document: Document) -> tuple[str, str]:
    metadata = read_member(document, "metadata")
    return str(metadata.get("creationTimestamp")), str(metadata.get("name"))


def _main_state(pod: Document) -> Document:
    for status in read_members(read_member(pod, "status"), "containerStatuses"):
        if status.get("name") == MAIN_CONTAINER:
            return read_member(status, "state")
    return {}

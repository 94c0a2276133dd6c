"""What the service counts, in the text format of Prometheus (version 0.0.4).

Written here, since the format is small, so that no client library is needed. Names of labels are
fixed, and their values come from small sets: methods, codes, states.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]
Readings: TypeAlias = Mapping[Labels, float]

BUCKET_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds of the durations that are told apart."""


@dataclass(slots=True)
class _Durations:
    buckets: list[int] = field(default_factory=lambda: [0] * len(BUCKET_SECONDS))
    count: int = 0
    sum_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    kind: str
    help: str
    read: Callable[[], Readings]


class Metrics:
    """Numbers that grow, durations, and what is read when somebody asks. For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._help: dict[str, str] = {}
        self._counters: dict[str, dict[Labels, float]] = {}
        self._durations: dict[str, dict[Labels, _Durations]] = {}
        self._readers: dict[str, _Reader] = {}

    def count(self, name: str, help: str, **labels: str) -> None:
        """Add one to a counter; its name ends in ``_total``."""
        key = tuple(labels.items())
        with self._lock:
            self._help[name] = help
            values = self._counters.setdefault(name, {})
            values[key] = values.get(key, 0) + 1

    def observe(self, name: str, help: str, seconds: float, **labels: str) -> None:
        """Add a duration to a histogram; its name ends in ``_seconds``."""
        key = tuple(labels.items())
        with self._lock:
            self._help[name] = help
            found = self._durations.setdefault(name, {}).setdefault(key, _Durations())
            found.count += 1
            found.sum_seconds += seconds
            for at, bound in enumerate(BUCKET_SECONDS):
                if seconds <= bound:
                    found.buckets[at] += 1

    def add_gauge(self, name: str, help: str, read: Callable[[], Readings]) -> None:
        """Have ``read`` called whenever somebody asks; a second gauge replaces one of its name."""
        self._add("gauge", name, help, read)

    def add_counter(self, name: str, help: str, read: Callable[[], Readings]) -> None:
        """Have ``read`` called for a counter that somebody else keeps, as for a gauge."""
        self._add("counter", name, help, read)

    def _add(self, kind: str, name: str, help: str, read: Callable[[], Readings]) -> None:
        with self._lock:
            self._readers[name] = _Reader(kind=kind, help=help, read=read)

    def write(self) -> str:
        """Return all of it as text."""
        with self._lock:
            readers = dict(self._readers)
            lines = [*self._write_counters(), *self._write_durations()]
        for name, reader in sorted(readers.items()):
            # Without the lock: it may ask the database.
            try:
                readings = reader.read()
            except Exception:  # what can be said is said; probes tell what is wrong
                continue
            lines += _write_head(name, reader.help, reader.kind)
            lines += [_write_line(name, labels, value) for labels, value in readings.items()]
        return "".join(f"{line}\n" for line in lines)

    def _write_counters(self) -> Iterator[str]:
        for name, values in sorted(self._counters.items()):
            yield from _write_head(name, self._help[name], "counter")
            for labels, value in values.items():
                yield _write_line(name, labels, value)

    def _write_durations(self) -> Iterator[str]:
        for name, values in sorted(self._durations.items()):
            yield from _write_head(name, self._help[name], "histogram")
            for labels, found in values.items():
                bounds = [*(str(each) for each in BUCKET_SECONDS), "+Inf"]
                for bound, count in zip(bounds, [*found.buckets, found.count], strict=True):
                    yield _write_line(f"{name}_bucket", (*labels, ("le", bound)), count)
                yield _write_line(f"{name}_sum", labels, found.sum_seconds)
                yield _write_line(f"{name}_count", labels, found.count)


def _write_head(name: str, help: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} {kind}"


def _write_line(name: str, labels: Labels, value: float) -> str:
    inner = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
    return f"{name}{{{inner}}} {value!r}" if inner else f"{name} {value!r}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

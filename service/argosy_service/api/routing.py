"""Which method a path of the REST API stands for.

Paths come as they were sent: a segment is decoded after the path was cut at its slashes, so that
names may hold any character. The last segment may end in an action, ``{run_id}:archive``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from argosy_service.api.methods import Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A method, and the values of the variables in its path."""

    method: Method
    variables: Mapping[str, str]
    """The path of a field, e.g. ``pipeline.pipeline_id``, to its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    method: Method
    segments: tuple[str, ...]
    action: str

    def match(self, segments: tuple[str, ...], action: str) -> Match | None:
        """Return the variables of a path, or ``None`` where it does not fit."""
        if self.action != action:
            return None
        variables: dict[str, str] = {}
        for pattern, segment in zip(self.segments, segments, strict=True):
            if pattern.startswith("{"):
                if not segment:
                    return None
                variables[pattern.strip("{}")] = unquote(segment)
            elif pattern != segment:
                return None
        return Match(method=self.method, variables=variables)


class Router:
    """Finds methods by verb and path."""

    def __init__(self, methods: Iterable[Method]) -> None:
        self._actions: set[str] = set()
        self._routes: dict[int, list[_Route]] = defaultdict(list)
        for method in methods:
            path, action = _split_action(method.path)
            self._actions.add(action)
            segments = tuple(path.strip("/").split("/"))
            self._routes[len(segments)].append(
                _Route(method=method, segments=segments, action=action)
            )
        for routes in self._routes.values():
            # `/pipelines/names/{name}` wins over `/pipelines/{pipeline_id}/versions`.
            routes.sort(key=lambda route: [each.startswith("{") for each in route.segments])

    def find(self, path: str) -> Mapping[str, Match]:
        """Return what a path means by verb; empty for an unknown path.

        Args:
            path: As it was sent, without the query.
        """
        bare, action = _split_action(path)
        if action not in self._actions:
            bare, action = path, ""
        segments = tuple(bare.removeprefix("/").split("/"))
        found: dict[str, Match] = {}
        for route in self._routes.get(len(segments), []):
            match = route.match(segments, action)
            if match is not None:
                found.setdefault(route.method.verb, match)
        return found


def _split_action(path: str) -> tuple[str, str]:
    """Return a path without its action, and the action, empty where there is none."""
    start = path.rfind(":")
    if start <= path.rfind("/") or "}" in path[start:]:
        return path, ""
    return path[:start], path[start + 1 :]

"""Where the artifacts of the runs of a home are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from argosy_service.engines.artifacts import ArtifactPlace


def make_local_roots(home: Path) -> Callable[[ArtifactPlace], Iterator[str]]:
    """Return what lists the places of a run's artifacts: the home's, and its own root."""
    root = str(home.absolute() / "artifacts")

    def list_roots(place: ArtifactPlace) -> Iterator[str]:
        yield root
        # What its pipeline asks for counts on a cluster only.
        if place.pipeline_root:
            yield place.pipeline_root

    return list_roots

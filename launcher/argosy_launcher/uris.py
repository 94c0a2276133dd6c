"""From the URIs that a component saw to the URIs that everybody sees.

A component may hand back any URI: the one it was told, one below its task's directory (a Pythonic
artifact), that of an input which it passes on, or one of somebody else's. The longest known prefix
decides, and says whether there may be bytes to upload.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from argosy_schemas.formats.records import Artifact
from argosy_schemas.formats.step import OutputArtifact, UriMapping
from argosy_schemas.names import ArtifactUri
from argosy_schemas.sdk_paths import find_sdk_path


@dataclass(frozen=True, slots=True)
class ResolvedUri:
    """What a URI that a component handed back stands for."""

    uri: ArtifactUri
    path: str | None
    """Where the component's own view of it is; ``None`` where there is nothing to upload."""
    passed_on: Artifact | None = None
    """The input artifact that it is."""


def resolve_uri(
    uri: str,
    *,
    outputs: Iterable[OutputArtifact],
    mappings: Iterable[UriMapping],
    inputs: Mapping[str, Artifact],
) -> ResolvedUri:
    """Return what ``uri`` stands for.

    Args:
        uri: As the component handed it back; not empty.
        outputs: The outputs of the task: each ``seen_uri`` is at ``path`` and goes to ``uri``.
        mappings: Where else below the task's directory bytes may lie.
        inputs: URI as the component saw it to input artifact; those bytes are stored already.
    """
    wanted = _comparable(uri)
    if ".." in wanted.split("/"):
        # It may climb out of the prefix that it begins with.
        return ResolvedUri(_outside(uri), None)
    best: tuple[int, str, str | None, Artifact | None] | None = None
    candidates = [
        *((output.seen_uri, str(output.uri), output.path, None) for output in outputs),
        *((each.seen, each.stored, find_sdk_path(each.seen), None) for each in mappings),
        *((seen, str(artifact.uri), None, artifact) for seen, artifact in inputs.items()),
    ]
    for seen, stored, path, artifact in candidates:
        prefix = _comparable(seen)
        if not prefix or (wanted != prefix and not wanted.startswith(f"{prefix}/")):
            continue
        if best is None or len(prefix) > best[0]:
            best = len(prefix), stored, path, artifact
    if best is None:
        return ResolvedUri(_outside(uri), None)
    length, stored, path, artifact = best
    rest = wanted[length:]
    return ResolvedUri(
        ArtifactUri(stored.rstrip("/") + rest if rest else stored),
        None if path is None else path.rstrip("/") + rest,
        artifact if not rest else None,
    )


def _comparable(uri: str) -> str:
    return uri.removeprefix("file://").rstrip("/")


def _outside(uri: str) -> ArtifactUri:
    return ArtifactUri(f"file://{uri}" if uri.startswith("/") else uri)

"""Map the URIs that a component reports to stored URIs.

A component may report any URI: that of its output, one below its task's directory (a Pythonic
artifact), that of an input artifact, or any other. The longest known prefix decides the stored URI,
and whether there may be content to upload.
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
    """The stored URI for a URI that a component reported."""

    uri: ArtifactUri
    path: str | None
    """The local path of the content; ``None``: nothing to upload."""
    input_artifact: Artifact | None = None
    """The input artifact with this URI, if the component passes one on."""


def resolve_uri(
    uri: str,
    *,
    outputs: Iterable[OutputArtifact],
    mappings: Iterable[UriMapping],
    inputs: Mapping[str, Artifact],
) -> ResolvedUri:
    """Return the stored URI for ``uri``.

    Args:
        uri: The URI that the component reported; not empty.
        outputs: The outputs of the task: ``seen_uri`` is at ``path`` and is uploaded to ``uri``.
        mappings: The rules for other URIs below the task's directory.
        inputs: URI that the component sees to input artifact, whose content is stored already.
    """
    wanted = _strip_uri(uri)
    if ".." in wanted.split("/"):
        # It may leave the prefix that it begins with.
        return ResolvedUri(_make_outside_uri(uri), None)
    best: tuple[int, str, str | None, Artifact | None] | None = None
    candidates = [
        *((output.seen_uri, str(output.uri), output.path, None) for output in outputs),
        *((each.seen, each.stored, find_sdk_path(each.seen), None) for each in mappings),
        *((seen, str(artifact.uri), None, artifact) for seen, artifact in inputs.items()),
    ]
    for seen, stored, path, artifact in candidates:
        prefix = _strip_uri(seen)
        if not prefix or (wanted != prefix and not wanted.startswith(f"{prefix}/")):
            continue
        if best is None or len(prefix) > best[0]:
            best = len(prefix), stored, path, artifact
    if best is None:
        return ResolvedUri(_make_outside_uri(uri), None)
    length, stored, path, artifact = best
    rest = wanted[length:]
    return ResolvedUri(
        ArtifactUri(stored.rstrip("/") + rest if rest else stored),
        None if path is None else path.rstrip("/") + rest,
        artifact if not rest else None,
    )


def _strip_uri(uri: str) -> str:
    return uri.removeprefix("file://").rstrip("/")


def _make_outside_uri(uri: str) -> ArtifactUri:
    return ArtifactUri(f"file://{uri}" if uri.startswith("/") else uri)

"""Parse the input artifacts of a run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.records import Artifact
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.names import ArtifactUri


def check_artifact_names(pipeline: Pipeline, names: Iterable[str]) -> None:
    """Check that the pipeline declares each input artifact that a caller names.

    Raises:
        InvalidArgumentError: It does not; the message has one line for each such name.
    """
    declared = pipeline.root.inputs.artifacts
    listed = ", ".join(f"'{name}'" for name in sorted(declared)) or "none"
    problems = [
        f"the pipeline has no input artifact '{name}'; it has {listed}"
        for name in sorted(names)
        if name not in declared
    ]
    if problems:
        raise InvalidArgumentError("\n".join(problems))


def parse_run_artifacts(
    pipeline: Pipeline, texts: Mapping[str, str | None]
) -> dict[str, tuple[Artifact, ...]]:
    """Return the input artifacts of a run by name.

    Args:
        pipeline: Declares them.
        texts: Name to URI or local path. Names of parameters are passed over.

    Raises:
        InvalidArgumentError: A required one is missing.
    """
    found: dict[str, tuple[Artifact, ...]] = {}
    problems: list[str] = []
    for name, spec in pipeline.root.inputs.artifacts.items():
        text = texts.get(name)
        if text:
            uri = text if "://" in text else f"file://{os.path.abspath(text)}"
            artifact = Artifact(name=name, uri=ArtifactUri(uri), type=spec.type)
            found[name] = (artifact,)
        elif not spec.optional:
            problems.append(f"artifact '{name}' is required; give its URI")
    if problems:
        raise InvalidArgumentError("\n".join(problems))
    return found

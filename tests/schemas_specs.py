"""A small pipeline as a document, and its edited forms."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.reading.pipeline import read_pipeline

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "kfp-pipelines"

MISSING: Any = object()

SPEC = """\
components:
  comp-make:
    executorLabel: exec-make
    inputDefinitions:
      parameters:
        count:
          parameterType: NUMBER_INTEGER
    outputDefinitions:
      artifacts:
        data:
          artifactType:
            schemaTitle: system.Dataset
            schemaVersion: 0.0.1
      parameters:
        Output:
          parameterType: STRING
  comp-use:
    executorLabel: exec-use
    inputDefinitions:
      artifacts:
        data:
          artifactType:
            schemaTitle: system.Dataset
            schemaVersion: 0.0.1
      parameters:
        text:
          parameterType: STRING
deploymentSpec:
  executors:
    exec-make:
      container:
        image: python:3.11
    exec-use:
      container:
        image: python:3.11
pipelineInfo:
  name: small
root:
  dag:
    tasks:
      make:
        componentRef:
          name: comp-make
        inputs:
          parameters:
            count:
              componentInputParameter: count
        taskInfo:
          name: make
      use:
        componentRef:
          name: comp-use
        dependentTasks:
        - make
        inputs:
          artifacts:
            data:
              taskOutputArtifact:
                outputArtifactKey: data
                producerTask: make
          parameters:
            text:
              taskOutputParameter:
                outputParameterKey: Output
                producerTask: make
        taskInfo:
          name: use
  inputDefinitions:
    parameters:
      count:
        parameterType: NUMBER_INTEGER
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
"""


def small() -> dict[str, Any]:
    """Return the pipeline that all edits begin with."""
    document: dict[str, Any] = yaml.safe_load(SPEC)
    return document


def edited(path: str, value: Any, document: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the pipeline with ``value`` at ``path``, or without what is there.

    Args:
        path: Segments joined by ``/``.
        value: ``MISSING`` removes.
        document: What to edit; the small pipeline if not given.
    """
    result = copy.deepcopy(small() if document is None else document)
    *parents, last = path.split("/")
    holder: Any = result
    for segment in parents:
        holder = holder[int(segment)] if segment.isdigit() else holder.setdefault(segment, {})
    if value is MISSING:
        del holder[last]
    else:
        holder[int(last) if last.isdigit() else last] = value
    return result


def read(*documents: dict[str, Any]) -> Pipeline:
    """Return what the reader makes of documents."""
    return read_pipeline(yaml.safe_dump_all(documents).encode(), file="p.yaml")


def problems(*documents: dict[str, Any]) -> list[str]:
    """Return what is wrong with documents: ``path: message`` each, without lines."""
    with pytest.raises(InvalidPipelineError) as caught:
        read(*documents)
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


def refusal(data: bytes, *, file: str = "p.yaml", max_size_bytes: int = 2**20) -> str:
    """Return the message with which bytes are refused."""
    with pytest.raises(InvalidPipelineError) as caught:
        read_pipeline(data, file=file, max_size_bytes=max_size_bytes)
    return str(caught.value)

"""Turn what a caller names into the bytes of a compiled pipeline.

A ``.yaml``, ``.yml`` or ``.json`` file is taken as it is. A ``.py`` file is compiled by the KFP SDK
in a process of its own: the author's code may print, import anything or exit, and the SDK's 1.3 s
of imports stay out of this process. A pipeline that the caller has as an object of the SDK is
compiled here, since the SDK is loaded already.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, Protocol

from argosy_schemas.errors import (
    InvalidArgumentError,
    InvalidPipelineError,
    MachineError,
    PipelineFileError,
    Problem,
)
from argosy_schemas.logger import Logger
from argosy_schemas.source import Source

_LOGGER: Final = Logger("sources")

MAX_SIZE_BYTES: Final = 64 * 2**20
"""Larger pipelines are refused unless the caller allows them."""

COMPILED_SUFFIXES: Final = (".yaml", ".yml", ".json")

_STANDARD_ERROR: Final = 2
"""The descriptor itself: ``sys.stderr`` has none in a notebook."""


class SdkPipeline(Protocol):
    """A pipeline or component of the KFP SDK, as ``@dsl.pipeline`` returns it."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def pipeline_spec(self) -> Any:
        """Its IR."""
        ...


def load_source(
    pipeline: str | os.PathLike[str] | bytes | SdkPipeline, *, max_size_bytes: int = MAX_SIZE_BYTES
) -> Source:
    """Return the compiled pipeline behind a path, ``FILE.py:NAME``, bytes or an object of the SDK.

    Raises:
        InvalidArgumentError: There is no such file, or Argosy does not read its kind.
        InvalidPipelineError: It is larger than ``max_size_bytes``, or the SDK refuses it.
        MachineError: A ``.py`` file needs the KFP SDK, which is not installed.
    """
    if isinstance(pipeline, bytes):
        return limit_source("<bytes>", pipeline, max_size_bytes)
    if isinstance(pipeline, str | os.PathLike):
        return _load_file(os.fspath(pipeline), max_size_bytes)
    return _compile_object(pipeline)


def limit_source(file: str, data: bytes, max_size_bytes: int) -> Source:
    """Return the source of ``data``.

    Raises:
        InvalidPipelineError: It is larger than ``max_size_bytes``.
    """
    if len(data) > max_size_bytes:
        raise InvalidPipelineError(
            Problem(
                file=file,
                message=f"is larger than {max_size_bytes:,} bytes; raise --max-size to read it",
            )
        )
    return Source(file=file, data=data)


def _load_file(name: str, max_size_bytes: int) -> Source:
    if not name:
        raise InvalidArgumentError("the path of the pipeline file is empty; give one")
    if name.endswith(".py:"):
        raise PipelineFileError(
            name, "names no pipeline; write FILE.py:NAME, or FILE.py if it has one"
        )
    file, is_named, pipeline_name = name.partition(".py:")
    path = Path(f"{file}.py" if is_named else file)
    if not path.exists():
        raise PipelineFileError(str(path), "does not exist; give the path of a pipeline file")
    if path.is_dir():
        raise PipelineFileError(str(path), "is a directory; give the path of a pipeline file")
    if path.suffix == ".py":
        return Source(file=str(path), data=_compile_file(path, pipeline_name), is_generated=True)
    if path.suffix not in COMPILED_SUFFIXES:
        raise PipelineFileError(
            str(path), "is not a pipeline file; it must end in .yaml, .yml, .json or .py"
        )
    try:
        with path.open("rb") as stream:
            return limit_source(str(path), stream.read(max_size_bytes + 1), max_size_bytes)
    except OSError as error:
        raise PipelineFileError(str(path), f"cannot be read: {error.strerror}") from error


def _compile_file(path: Path, pipeline_name: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="argosy-") as directory:
        output = Path(directory) / "pipeline.yaml"
        report_file = Path(directory) / "report.json"
        command = [
            # The SDK's notices of future defaults do not concern this run.
            # -P: no file in the caller's folder replaces a module that the SDK imports.
            *(sys.executable, "-P", "-W", "ignore::FutureWarning"),
            *("-m", "argosy._sdk_compile"),
            *(str(path), pipeline_name, str(output), str(report_file)),
        ]
        _LOGGER.info("compile %s with the KFP SDK, in a process of its own", path)
        # What the author's module prints must not mix with results on standard output.
        ended = subprocess.run(command, stdout=_STANDARD_ERROR, check=False)
        report: dict[str, Any] = json.loads(report_file.read_text()) if report_file.exists() else {}
        if report.get("kind") == "machine":
            raise MachineError(report["message"])
        if report.get("kind") == "argument":
            raise PipelineFileError(str(path), report["message"])
        if ended.returncode != 0 or not output.exists():
            raise InvalidPipelineError(
                Problem(
                    file=str(report.get("file", path)),
                    line=report.get("line"),
                    message=report.get(
                        "message", f"ended with exit status {ended.returncode} while compiling"
                    ),
                )
            )
        return output.read_bytes()


def _compile_object(pipeline: SdkPipeline) -> Source:
    if not hasattr(pipeline, "pipeline_spec"):
        raise InvalidArgumentError(
            f"{type(pipeline).__name__} is not a pipeline; give a path, the bytes of a compiled"
            " pipeline, or what @dsl.pipeline returns"
        )
    # Imports the SDK, which whoever has such an object has imported.
    from argosy._sdk_compile import compile_component

    file = f"<pipeline '{pipeline.name}'>"
    with tempfile.TemporaryDirectory(prefix="argosy-") as directory:
        output = Path(directory) / "pipeline.yaml"
        try:
            compile_component(pipeline, output)
        except Exception as error:  # the SDK has no class of its own for what it refuses
            message = " ".join(f"{type(error).__name__}: {error}".split())
            raise InvalidPipelineError(Problem(file=file, message=message)) from error
        return Source(file=file, data=output.read_bytes(), is_generated=True)

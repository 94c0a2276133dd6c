"""What a person names on the command line, turned into the bytes of a compiled pipeline.

A ``.yaml``, ``.yml`` or ``.json`` file is taken as it is, ``-`` is standard input. A ``.py`` file
is compiled by the KFP SDK in a process of its own: the author's code may print, import anything or
exit, and the SDK's 1.3 s of imports stay out of this process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argosy_schemas.errors import (
    InvalidArgumentError,
    InvalidPipelineError,
    MachineError,
    Problem,
)

COMPILED_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The bytes of a compiled pipeline and the name that messages give them."""

    file: str
    data: bytes
    is_generated: bool = False
    """Whether the SDK made the bytes of the file, so that their lines are not the file's."""


def read_source(name: str, *, max_size_bytes: int) -> Source:
    """Return the compiled pipeline behind ``name``: a path, ``FILE.py:NAME`` or ``-``.

    Raises:
        InvalidArgumentError: There is no such file, or it is of no kind that we know.
        InvalidPipelineError: It is larger than ``max_size_bytes``, or the SDK refuses it.
        MachineError: A ``.py`` file needs the KFP SDK, which is not installed.
    """
    if name == "-":
        return _limited("<stdin>", sys.stdin.buffer.read(max_size_bytes + 1), max_size_bytes)
    if not name:
        raise InvalidArgumentError("'' is no path; give that of a pipeline file")
    if name.endswith(".py:"):
        raise InvalidArgumentError(
            f"'{name}' names no pipeline; write FILE.py:NAME, or FILE.py if it has one"
        )
    file, is_named, pipeline_name = name.partition(".py:")
    path = Path(f"{file}.py" if is_named else file)
    if not path.exists():
        raise InvalidArgumentError(f"'{path}' does not exist; give the path of a pipeline file")
    if path.is_dir():
        raise InvalidArgumentError(f"'{path}' is a directory; give the path of a pipeline file")
    if path.suffix == ".py":
        return Source(file=str(path), data=_compile(path, pipeline_name), is_generated=True)
    if path.suffix not in COMPILED_SUFFIXES:
        raise InvalidArgumentError(
            f"'{path}' is no pipeline file; it must end in .yaml, .yml, .json or .py"
        )
    try:
        with path.open("rb") as stream:
            return _limited(str(path), stream.read(max_size_bytes + 1), max_size_bytes)
    except OSError as error:
        raise InvalidArgumentError(f"'{path}' cannot be read: {error.strerror}") from error


def _limited(file: str, data: bytes, max_size_bytes: int) -> Source:
    if len(data) > max_size_bytes:
        raise InvalidPipelineError(
            Problem(
                file=file,
                message=f"is larger than {max_size_bytes:,} bytes; raise --max-size if it is meant",
            )
        )
    return Source(file=file, data=data)


def _compile(path: Path, pipeline_name: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="argosy-") as directory:
        output = Path(directory) / "pipeline.yaml"
        report = Path(directory) / "report.json"
        command = [
            # The SDK's notices of future defaults are no concern of this run.
            # And -P: no file of the caller's folder is taken for what the SDK imports.
            *(sys.executable, "-P", "-W", "ignore::FutureWarning"),
            *("-m", "argosy_cli.sdk_compile"),
            *(str(path), pipeline_name, str(output), str(report)),
        ]
        # What the author's module prints is talk: it must not mix with our results.
        ended = subprocess.run(command, stdout=sys.stderr.fileno(), check=False)
        told: dict[str, Any] = json.loads(report.read_text()) if report.exists() else {}
        if told.get("kind") == "machine":
            raise MachineError(told["message"])
        if told.get("kind") == "argument":
            raise InvalidArgumentError(told["message"])
        if ended.returncode != 0 or not output.exists():
            raise InvalidPipelineError(
                Problem(
                    file=str(told.get("file", path)),
                    line=told.get("line"),
                    message=told.get(
                        "message", f"ended with exit status {ended.returncode} while compiling"
                    ),
                )
            )
        return output.read_bytes()

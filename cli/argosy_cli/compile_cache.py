"""Compiled pipelines by the hash of their source, so that a warm run parses and compiles nothing.

The key covers the bytes of the source, the version of Argosy and when its code was last written,
since in a checkout that changes within a version. The compiler is deterministic, so an entry never
goes stale. A broken entry is made again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from argosy_cli.source import Source
from argosy_cli.versions import installed_version
from argosy_schemas.atomic_files import write_atomically
from argosy_schemas.formats.packed_ir import PackedIrError, inflate, unpack
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.values import JsonValue, to_json

FORMAT = "1"

MAKERS = ("argosy_schemas", "argosy_expressions", "argosy_compiler")
"""The packages whose code decides what an entry holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnablePipeline:
    """What the engine needs of a compiled pipeline."""

    workflow: Mapping[str, JsonValue]
    ir: bytes


def runnable(source: Source, *, home: Path, max_size_bytes: int) -> RunnablePipeline:
    """Return the compiled pipeline of ``source``, from the cache below ``home`` or fresh.

    Raises:
        InvalidPipelineError: The source breaks a rule of the format, or cannot run.
    """
    path = home / "compiled" / f"{_key(source)}.json"
    cached = _read(path)
    if cached is not None:
        return cached
    # Only a cold run pays for YAML, the schema's checks and the compiler.
    from argosy_cli.compiling import compiled, read
    from argosy_compiler.options import CompileOptions, IrPlacement

    options = CompileOptions(ir=IrPlacement.STORE, max_nodes=None)
    result = compiled(source, read(source, max_size_bytes=max_size_bytes), options)
    made = RunnablePipeline(workflow=result.workflow, ir=result.ir)
    _write(path, made)
    return made


def declared_parameters(ir: bytes) -> Mapping[str, ParameterType]:
    """Return the type of each parameter of the pipeline."""
    root = unpack(ir).root
    return {name: spec.type for name, spec in root.inputs.parameters.items()}


def _key(source: Source) -> str:
    version = f"{FORMAT} {installed_version('argosy')} {_last_written()}\0".encode()
    return hashlib.sha256(version + source.data).hexdigest()


def _last_written() -> int:
    """Return when the youngest module of the makers was written, in nanoseconds."""
    youngest = 0
    for name in MAKERS:
        spec = find_spec(name)
        roots = [] if spec is None else spec.submodule_search_locations or []
        for folder, _, files in (found for root in roots for found in os.walk(root)):
            for file in files:
                if file.endswith(".py"):
                    written = os.stat(os.path.join(folder, file)).st_mtime_ns
                    youngest = max(youngest, written)
    return youngest


def _read(path: Path) -> RunnablePipeline | None:
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        ir = base64.b64decode(content["ir"], validate=True)
        inflate(ir)  # finds any damage; reading all of it is left to who needs it
        return RunnablePipeline(workflow=content["workflow"], ir=ir)
    except (OSError, ValueError, KeyError, TypeError, PackedIrError):
        return None


def _write(path: Path, made: RunnablePipeline) -> None:
    content = {"workflow": made.workflow, "ir": base64.b64encode(made.ir).decode()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two runs that start together both read whole entries.
        write_atomically(path, to_json(content).encode())
    except OSError:
        # The engine is next to write there, and says what is wrong with the home.
        return

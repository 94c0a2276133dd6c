"""Compiled pipelines by the hash of their source, so that a warm run parses and compiles nothing.

The key covers the bytes of the source, the version of Argosy and when its code was last written,
because in a checkout the code changes within a version. The compiler is deterministic, so an entry
never goes stale. A broken entry is replaced.
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
from typing import Any, Final

from argosy_schemas.atomic_files import write_atomically
from argosy_schemas.formats.packed_ir import PackedIrError, inflate
from argosy_schemas.logger import Logger
from argosy_schemas.source import Source
from argosy_schemas.values import JsonValue, to_json
from argosy_schemas.versions import get_installed_version

FORMAT = "1"

_LOGGER: Final = Logger("engine.compile_cache")

COMPILER_PACKAGES = ("argosy_schemas", "argosy_expressions", "argosy_compiler")
"""The packages whose code decides what an entry holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnablePipeline:
    """What the engine needs of a compiled pipeline."""

    workflow: Mapping[str, JsonValue]
    ir: bytes


def compile_cached(source: Source, *, home: Path, max_size_bytes: int) -> RunnablePipeline:
    """Return the compiled pipeline of ``source``, from the cache below ``home`` or fresh.

    Raises:
        InvalidPipelineError: The source breaks a rule of the format, or cannot run.
    """
    path = home / "compiled" / f"{_key(source)}.json"
    cached = _read(path)
    if cached is not None:
        _LOGGER.debug("%s is compiled already: %s", source.file, path)
        return cached
    _LOGGER.debug("compile %s", source.file)
    # Only a cold run pays for YAML, the schema's checks and the compiler.
    from argosy_compiler.options import CompileOptions, IrPlacement
    from argosy_compiler.sources import compile_source, read_source

    pipeline = read_source(source, max_size_bytes=max_size_bytes)
    options = CompileOptions(ir=IrPlacement.STORE, max_nodes=None, pod_security=None)
    compiled = compile_source(source, pipeline, options)
    runnable = RunnablePipeline(workflow=compiled.workflow, ir=compiled.ir)
    _write(path, runnable)
    return runnable


def _key(source: Source) -> str:
    version = f"{FORMAT} {get_installed_version('argosy')} {_last_written()}\0".encode()
    return hashlib.sha256(version + source.data).hexdigest()


def _last_written() -> int:
    """Return when the newest module of the compiler was written, in nanoseconds."""
    newest = 0
    for name in COMPILER_PACKAGES:
        spec = find_spec(name)
        roots = [] if spec is None else spec.submodule_search_locations or []
        for folder, _, files in (entry for root in roots for entry in os.walk(root)):
            for file in files:
                if file.endswith(".py"):
                    written = os.stat(os.path.join(folder, file)).st_mtime_ns
                    newest = max(newest, written)
    return newest


def _read(path: Path) -> RunnablePipeline | None:
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        ir = base64.b64decode(content["ir"], validate=True)
        inflate(ir)  # finds any damage; reading all of it is left to who needs it
        return RunnablePipeline(workflow=content["workflow"], ir=ir)
    except (OSError, ValueError, KeyError, TypeError, PackedIrError):
        return None


def _write(path: Path, runnable: RunnablePipeline) -> None:
    ir = base64.b64encode(runnable.ir).decode()
    content = {"workflow": runnable.workflow, "ir": ir}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Of two runs that start together both read whole entries.
        write_atomically(path, to_json(content).encode())
    except OSError:
        # The engine writes there next, and reports what is wrong with the home.
        return

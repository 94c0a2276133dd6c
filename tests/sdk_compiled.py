"""Pipelines compiled by the KFP SDK that is installed for development."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any


def compile_with_sdk(directory: Path, source: str) -> bytes:
    """Return what the SDK compiles the ``pipeline`` of a source to; writes into ``directory``."""
    file = directory / "sdk_pipeline.py"
    file.write_text(source)
    specification = importlib.util.spec_from_file_location("sdk_pipeline", file)
    assert specification is not None
    assert specification.loader is not None
    module: Any = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    # The SDK has no type information.
    compiler: Any = importlib.import_module("kfp.compiler")
    compiler.Compiler().compile(module.pipeline, str(directory / "sdk_pipeline.yaml"))
    return (directory / "sdk_pipeline.yaml").read_bytes()

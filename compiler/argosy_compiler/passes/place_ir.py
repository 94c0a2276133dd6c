"""Pack the IR, and choose how it reaches the drivers."""

from __future__ import annotations

from dataclasses import replace

from argosy_compiler.compilation import Compilation
from argosy_compiler.options import INLINE_LIMIT_BYTES, IrPlacement
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.packed_ir import compute_ir_digest, encode_base64, make_reference, pack

CONFIG_MAP_LIMIT_BYTES = 1024 * 1024


def place_ir(compilation: Compilation) -> Compilation:
    """Return the compilation with the packed IR and the value of the parameter that carries it.

    Raises:
        InvalidArgumentError: It is too large to travel in the workflow, and no other way is given.
    """
    ir = pack(compilation.pipeline)
    text = encode_base64(ir)
    if compilation.options.ir is IrPlacement.STORE:
        return replace(compilation, ir=ir, ir_text=make_reference(ir))
    if compilation.options.ir is IrPlacement.CONFIGMAP:
        if len(text) > CONFIG_MAP_LIMIT_BYTES:
            raise InvalidArgumentError(
                f"--ir configmap: the IR, packed, has {len(text):,} bytes and a ConfigMap holds "
                f"{CONFIG_MAP_LIMIT_BYTES:,}; use --store URL"
            )
        config_map = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"argosy-ir-{compute_ir_digest(ir)[:16]}"},
            "data": {"ir": text},
        }
        return replace(compilation, ir=ir, config_map=config_map)
    if len(text) <= INLINE_LIMIT_BYTES:
        return replace(compilation, ir=ir, ir_text=text)
    if compilation.options.store is None:
        raise InvalidArgumentError(
            f"the IR, packed, has {len(text):,} bytes and a workflow carries up to"
            f" {INLINE_LIMIT_BYTES:,}; use --store URL to put it there, or --ir configmap"
        )
    return replace(compilation, ir=ir, ir_text=make_reference(ir))

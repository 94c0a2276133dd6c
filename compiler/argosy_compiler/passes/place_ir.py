"""Pack the IR, and settle how it reaches the drivers."""

from __future__ import annotations

from dataclasses import replace

from argosy_compiler.options import INLINE_LIMIT_BYTES, IrPlacement
from argosy_compiler.plan import Plan
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.packed_ir import compute_ir_digest, encode_base64, make_reference, pack

CONFIG_MAP_LIMIT_BYTES = 1024 * 1024


def place_ir(plan: Plan) -> Plan:
    """Return the plan with the packed IR and the value of the parameter that carries it.

    Raises:
        InvalidArgumentError: It is too large to travel in the workflow, and no other way is given.
    """
    ir = pack(plan.pipeline)
    text = encode_base64(ir)
    if plan.options.ir is IrPlacement.STORE:
        return replace(plan, ir=ir, ir_text=make_reference(ir))
    if plan.options.ir is IrPlacement.CONFIGMAP:
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
        return replace(plan, ir=ir, config_map=config_map)
    if len(text) <= INLINE_LIMIT_BYTES:
        return replace(plan, ir=ir, ir_text=text)
    if plan.options.store is None:
        raise InvalidArgumentError(
            f"the IR, packed, has {len(text):,} bytes and a workflow carries up to"
            f" {INLINE_LIMIT_BYTES:,}; use --store URL to put it there, or --ir configmap"
        )
    return replace(plan, ir=ir, ir_text=make_reference(ir))

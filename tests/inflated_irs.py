"""Compiled workflows with their IR as JSON, for comparisons.

Builds of zlib compress differently, so what a golden file promises is the JSON and not its gzip.
"""

from __future__ import annotations

import json
import re

from argosy_schemas.formats.packed_ir import decode_base64, inflate

_GZIP_AS_BASE64 = re.compile(r"(?<=[\"'])H4sI[A-Za-z0-9+/]+=*(?=[\"'])")


def with_inflated_ir(text: str) -> str:
    """Return the text of a workflow, JSON or YAML, with the JSON of its IR in place of the gzip."""
    return _GZIP_AS_BASE64.sub(lambda found: _quoted(inflate(decode_base64(found[0]))), text)


def _quoted(content: bytes) -> str:
    return json.dumps(content.decode())[1:-1]

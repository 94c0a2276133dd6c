"""The comment that the KFP SDK writes above a pipeline.

It quotes defaults of parameters as they are. A default with a line break (SQL, a certificate) ends
the comment in the midst of the default, and YAML would read the rest as part of the pipeline.
"""

from __future__ import annotations

import re
from typing import Final

from argosy_schemas.reading.yaml_values import Refusal, UnreadableTextError, load_yaml

_HEADING: Final = "# PIPELINE DEFINITION"
_FIRST_KEY: Final = re.compile(r"^components:$", re.MULTILINE)
"""The SDK sorts the keys of the pipeline spec, and every pipeline has components."""


def blank_out_sdk_comment(text: str) -> str:
    """Return ``text`` with empty lines for a comment of the SDK that YAML would not skip.

    Lines keep their numbers. All other text is returned as it is.
    """
    if not text.startswith(_HEADING):
        return text
    starts = [match.start() for match in _FIRST_KEY.finditer(text)]
    # `splitlines` knows all line breaks that YAML knows: CR, U+0085, U+2028 and U+2029 among them.
    if len(starts) == 1 and all(line.startswith("#") for line in text[: starts[0]].splitlines()):
        return text
    for start in starts:
        if _is_pipeline(text[start:]):
            return "\n" * text.count("\n", 0, start) + text[start:]
    return text


def _is_pipeline(text: str) -> bool:
    refusals: list[Refusal] = []
    try:
        first, *_ = load_yaml(text, refusals)
    except UnreadableTextError:
        return False
    if refusals or not isinstance(first, dict):
        return False  # The rest of a default stands before the pipeline.
    return {"pipelineInfo", "root"} <= first.keys()

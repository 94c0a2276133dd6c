"""Recognize the lines that the KFP SDK writes around those of a component.

The SDK's executor logs what it loads and dumps its whole input, some thirty lines for each task.
It also sets up ``logging`` for the component, whose own lines begin likewise, so its messages are
known by their words. Its warnings and errors count as the component's: they are about it.
"""

from __future__ import annotations

import re
from typing import Final

from argosy_schemas.names import TaskPath

_LOG_LINE: Final = re.compile(r"\[KFP Executor [\d:, .-]+ [A-Z]+\]: ")
_SDK_LINE: Final = re.compile(
    r"\[KFP Executor [\d:, .-]+ INFO\]: "
    r"(?:Looking for component `|--component_module_path is not specified\. Looking for component `"
    r"|Loading KFP component \"|Got executor_input:$"
    r"|Wrote executor output file to |Did not write output file\.$)"
)
_DUMP_HEADING: Final = "Got executor_input:"


class SdkLines:
    """Follows the output of the tasks of one run, line by line."""

    def __init__(self) -> None:
        self._dumping: set[TaskPath] = set()
        """Tasks whose input is being dumped."""

    def is_sdk_line(self, path: TaskPath, line: str) -> bool:
        """Return whether the SDK wrote the next line of a task."""
        if _LOG_LINE.match(line):
            self._dumping.discard(path)
            if _SDK_LINE.match(line) is None:
                return False
            if line.endswith(_DUMP_HEADING):
                self._dumping.add(path)
            return True
        if path not in self._dumping:
            return False
        # The dump is indented JSON, whose first and last line are alone at the margin.
        if line not in ("{", "}") and not line.startswith(" "):
            self._dumping.discard(path)
            return False
        if line == "}":
            self._dumping.discard(path)
        return True

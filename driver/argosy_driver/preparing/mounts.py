"""Directories of a laptop in place of the paths at which a pod mounts volumes.

Nobody but root can put a directory at ``/data``, and a component must not write to the ``/data``
that a machine happens to have. So where the pipeline says ``/data``, in the command, its arguments,
variables and parameters, the command gets the path of the directory (ADR 17). What is not written
as a path there, e.g. ``os.sep + "data"``, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.model import ContainerExecutor
from argosy_schemas.values import JsonValue

_BEFORE: Final = r"(?:(?<=file://)|(?<![\w.~)\]}*$/%-]))"
"""A path begins here: what precedes neither belongs to it nor is a value before it."""
_AFTER: Final = r"(?![\w-]|\.\w)"
"""The last segment of a path ends here."""
_UNQUOTABLE: Final = re.compile(r"""['"\\{}\n]""")
"""What means something in the text of a program, into which paths are put."""


@dataclass(frozen=True, slots=True)
class Mounts:
    """The directories of one task."""

    directories: Mapping[str, str]
    """Mount path to directory."""
    kept: Sequence[str]
    """Paths that stay as they are, though a mount path may be above them."""

    def check(self) -> None:
        """Check that the directories can stand in the text of a program.

        Raises:
            FinalTaskError: One cannot.
        """
        for directory in self.directories.values():
            if _UNQUOTABLE.search(directory):
                raise FinalTaskError(
                    f"directory {directory!r} cannot be mounted, since its path has a quote, brace,"
                    " backslash or line break; choose another",
                    reason=Reason.INVALID_INPUT,
                )

    def apply(self, executor: ContainerExecutor) -> ContainerExecutor:
        """Return a container whose texts have directories in place of mount paths."""
        return replace(
            executor,
            command=tuple(map(self.replace_in_text, executor.command)),
            args=tuple(map(self.replace_in_text, executor.args)),
            env=tuple((name, self.replace_in_text(value)) for name, value in executor.env),
        )

    def replace_in(self, value: JsonValue) -> JsonValue:
        """Return a value whose texts have directories in place of mount paths."""
        if isinstance(value, str):
            return self.replace_in_text(value)
        if isinstance(value, Mapping):
            return {key: self.replace_in(item) for key, item in value.items()}
        if isinstance(value, Sequence):
            return [self.replace_in(item) for item in value]
        return value

    def replace_in_text(self, text: str) -> str:
        """Return a text with directories in place of mount paths."""
        if not self.directories:
            return text
        paths = "|".join(map(re.escape, sorted(self.directories, key=len, reverse=True)))
        kept = "|".join(map(re.escape, filter(None, self.kept)))
        pattern = rf"{_BEFORE}(?!(?:{kept}){_AFTER})({paths}){_AFTER}"
        return re.sub(pattern, lambda match: self.directories[match[1]], text)

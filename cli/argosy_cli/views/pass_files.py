"""Write what each pass of the compiler returned to a file, for ``compile --dump-passes``."""

from __future__ import annotations

from pathlib import Path

from argosy_compiler.compilation import Compilation
from argosy_compiler.dump import dump_compilation
from argosy_schemas.errors import MachineError


class PassFiles:
    """Writes a numbered file per pass, from ``00-pipeline.json``, which is the input of the first.

    If a pass fails, the files of the passes before it remain.
    """

    def __init__(self, directory: Path) -> None:
        """Write into ``directory``, which is created if needed; existing files are replaced."""
        self._directory = directory
        self._number = 0

    def __call__(self, name: str, compilation: Compilation) -> None:
        """Write the compilation that the pass ``name`` returned.

        Raises:
            MachineError: It cannot be written.
        """
        path = self._directory / f"{self._number:02}-{name}.json"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            path.write_text(dump_compilation(compilation), encoding="utf-8")
        except OSError as error:
            raise MachineError(f"'{path}' cannot be written: {error.strerror}") from error
        self._number += 1

"""The Python that environments are made of: the one that runs Argosy, without its own packages."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python outside of any virtual environment."""

    executable: str
    version: tuple[int, int, int]

    @property
    def name(self) -> str:
        """For people."""
        return "Python " + ".".join(map(str, self.version))

    @property
    def packages(self) -> str:
        """Where packages are, from the directory of a virtual environment."""
        return f"lib/{self.short_name}/site-packages"

    @property
    def short_name(self) -> str:
        """Its usual file name, e.g. ``python3.11``."""
        return f"python{self.version[0]}.{self.version[1]}"

    @property
    def platform(self) -> str:
        """Says whether compiled packages can be shared."""
        parts = [sys.platform, os.uname().machine]
        try:
            parts.append((os.confstr("CS_GNU_LIBC_VERSION") or "").replace(" ", "-"))
        except (ValueError, OSError):
            # Neither macOS nor musl knows the name.
            parts.append("")
        return "-".join(part for part in parts if part)

    def bundled_wheels(self) -> list[Path]:
        """Return the wheels of pip, and before 3.12 of setuptools, that come with it."""
        names = ["pip"] if self.version >= (3, 12) else ["pip", "setuptools"]
        prefix = Path(os.path.realpath(self.executable)).parent.parent
        places = [
            prefix / "lib" / self.short_name / "ensurepip" / "_bundled",
            # Debian keeps them apart.
            Path("/usr/share/python-wheels"),
        ]
        found: list[Path] = []
        for name in names:
            wheels = [wheel for place in places for wheel in sorted(place.glob(f"{name}-*.whl"))]
            found += wheels[:1]
        return found if found and found[0].name.startswith("pip-") else []


def this_interpreter() -> Interpreter:
    """Return the interpreter below the virtual environment that this process may run in."""
    executable: str = getattr(sys, "_base_executable", "") or sys.executable
    return Interpreter(executable=executable, version=sys.version_info[:3])

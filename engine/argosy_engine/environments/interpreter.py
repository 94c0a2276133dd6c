"""The Python interpreter of environments: the one that runs Argosy, without Argosy's packages."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonInterpreter:
    """A Python interpreter that belongs to no virtual environment."""

    executable: str
    version: tuple[int, int, int]

    @property
    def name(self) -> str:
        """Return its name for people."""
        return "Python " + ".".join(map(str, self.version))

    @property
    def packages(self) -> str:
        """Return the directory of packages, relative to a virtual environment."""
        return f"lib/{self.short_name}/site-packages"

    @property
    def short_name(self) -> str:
        """Return its file name, e.g. ``python3.11``."""
        return f"python{self.short_version}"

    @property
    def short_version(self) -> str:
        """Return major and minor version, e.g. ``3.11``."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def platform(self) -> str:
        """Return the platform: machines with the same one can share compiled packages."""
        parts = [sys.platform, os.uname().machine]
        try:
            parts.append((os.confstr("CS_GNU_LIBC_VERSION") or "").replace(" ", "-"))
        except (ValueError, OSError):
            # macOS and musl do not support the name.
            parts.append("")
        return "-".join(part for part in parts if part)

    def find_bundled_wheels(self) -> list[Path]:
        """Return its wheels of pip, and before 3.12 of setuptools."""
        names = ["pip"] if self.version >= (3, 12) else ["pip", "setuptools"]
        prefix = Path(os.path.realpath(self.executable)).parent.parent
        directories = [
            prefix / "lib" / self.short_name / "ensurepip" / "_bundled",
            # Debian moves them.
            Path("/usr/share/python-wheels"),
        ]
        found: list[Path] = []
        for name in names:
            wheels = [
                wheel
                for directory in directories
                for wheel in sorted(directory.glob(f"{name}-*.whl"))
            ]
            found += wheels[:1]
        return found if found and found[0].name.startswith("pip-") else []


def find_interpreter() -> PythonInterpreter:
    """Return this process's interpreter, outside any virtual environment."""
    executable: str = getattr(sys, "_base_executable", "") or sys.executable
    return PythonInterpreter(executable=executable, version=sys.version_info[:3])

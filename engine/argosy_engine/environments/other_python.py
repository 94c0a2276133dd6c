"""Choose another Python for requirements that have no build for the one that runs Argosy.

Old pins are common, and an index keeps their wheels for old Pythons only. The index says for which
ones, and uv knows the Pythons of this machine. It downloads one only where the user allows that, by
``UV_PYTHON_DOWNLOADS=automatic``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from argosy_engine.environments.building import Builder
from argosy_engine.environments.interpreter import PythonInterpreter
from argosy_engine.environments.requirements import list_requirements

_MINORS: Final = range(8, 15)
"""Of the Pythons 3 to ask for: the oldest that uv knows to the newest."""
_OF_IMAGE: Final = re.compile(r"py(?:thon)?[-:]?3\.?(\d{1,2})\b")
_DESCRIBE: Final = (
    "import json, sys; "
    "print(json.dumps([getattr(sys, '_base_executable', '') or sys.executable, "
    "*sys.version_info[:3]]))"
)


@dataclass(frozen=True, slots=True)
class OtherPython:
    """A Python that has builds of requirements."""

    version: str
    """Such as ``3.9``."""
    interpreter: PythonInterpreter | None
    """``None``: it is not on this machine."""
    packages: Sequence[str]
    """The requirements that our own Python has no builds of."""


def choose_python(
    builder: Builder, installs: Sequence[Sequence[str]], *, own: PythonInterpreter, image: str
) -> OtherPython | None:
    """Return a Python that has builds of all requirements; ``None``: our own has, or none.

    One of this machine is better than one that is not, then the one that the image is named after,
    then the one next to our own.

    Args:
        builder: Asks index and machine.
        installs: Arguments of each ``pip install``.
        own: The Python that runs this.
        image: The container image that the pipeline names.
    """
    if builder.has_builds(installs, own.short_version):
        return None
    version: str | None = None
    interpreter: PythonInterpreter | None = None
    for each in _list_versions(own, image):
        if interpreter is None and builder.has_builds(installs, each):
            interpreter = find_python(builder, each)
            version = each if version is None or interpreter is not None else version
    if version is None:
        return None
    if interpreter is None and builder.bring_python(version):
        interpreter = find_python(builder, version)
    return OtherPython(version, interpreter, _list_without_builds(builder, installs, own))


def _list_without_builds(
    builder: Builder, installs: Sequence[Sequence[str]], own: PythonInterpreter
) -> Sequence[str]:
    """Return the requirements that have no builds for a Python by themselves, else all."""
    named = [word for words in installs for word in list_requirements(words)]
    found = [word for word in named if not builder.has_builds([(word,)], own.short_version)]
    return found or named


def find_python(builder: Builder, version: str) -> PythonInterpreter | None:
    """Return the Python of this machine that has a version such as ``3.9``; ``None``: none has."""
    path = builder.find_python(version)
    answer = None if path is None else builder.try_program([path, "-I", "-c", _DESCRIBE])
    if answer is None:
        return None
    executable, major, minor, micro = json.loads(answer)
    return PythonInterpreter(executable=str(executable), version=(major, minor, micro))


def _list_versions(own: PythonInterpreter, image: str) -> Iterator[str]:
    """Yield the versions to ask for, the best first."""
    minor = own.version[1]
    named = [int(found) for found in _OF_IMAGE.findall(image)]
    near = sorted(_MINORS, key=lambda other: (other > minor, abs(other - minor)))
    for each in dict.fromkeys([*named, *near]):
        if each != minor and each in _MINORS:
            yield f"3.{each}"

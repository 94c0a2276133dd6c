"""A task's own layer over a shared environment.

A virtual environment of a few files, which costs a millisecond: the packages of the shared one are
behind it on the path, and whatever the task installs or removes by itself happens in the layer. So
no task can change what others see, whichever way it calls pip.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from argosy_engine.environments.interpreter import Interpreter

PYTHON_NAMES = ("python", "python3", "pip", "pip3")


def lay_over(
    shared: Path | None,
    directory: Path,
    interpreter: Interpreter,
    *,
    answered: Sequence[Sequence[str]] = (),
    makes_venv: bool = False,
) -> tuple[str, ...]:
    """Make a task's layer in ``directory`` and return what to put before ``PATH``.

    Args:
        shared: The virtual environment below; ``None``: the interpreter has all that is needed.
        directory: The layer's own.
        interpreter: Which Python.
        answered: Arguments of ``pip install`` that have nothing to do any more.
        makes_venv: Whether the command makes a virtual environment for what is answered; it gets
            this one.
    """
    programs = directory / "bin"
    packages = directory / interpreter.packages
    shims = directory / "shims"
    for path in (programs, packages, shims):
        path.mkdir(parents=True, exist_ok=True)
    home = os.path.dirname(interpreter.executable)
    version = ".".join(map(str, interpreter.version))
    (directory / "pyvenv.cfg").write_text(
        f"home = {home}\ninclude-system-site-packages = false\nversion = {version}\n"
    )
    _link(interpreter.executable, programs / "python3")
    for name in ("python", interpreter.short_name):
        _link("python3", programs / name)
    if shared is not None:
        # Not only a path, so that the .pth files there count as well.
        below = os.fspath(shared / interpreter.packages)
        (packages / "_argosy.pth").write_text(f"import site; site.addsitedir({below!r})\n")
        for name in ("share", "etc"):
            if (shared / name).is_dir():
                _link_files(shared / name, directory / name)
    shim = shims / "python3"
    shim.write_text(_shim(programs / "python3", shims, answered, makes_venv=makes_venv))
    shim.chmod(0o755)
    for name in PYTHON_NAMES:
        if name != "python3":
            _link("python3", shims / name)
    found = [os.fspath(shims), os.fspath(programs)]
    if shared is not None:
        found.append(os.fspath(shared / "bin"))
    return tuple(found)


def shell_for(image: str, directory: Path) -> str | None:
    """Return a directory with a ``sh`` that knows what the image's shell knows, or ``None``.

    Alpine's and BusyBox's ``sh`` have ``[[``; a plain POSIX shell has not.
    """
    if not any(name in image.lower() for name in ("alpine", "busybox")):
        return None
    program = shutil.which("busybox") or shutil.which("bash")
    if program is None:
        return None
    directory.mkdir(parents=True, exist_ok=True)
    _link(program, directory / "sh")
    return os.fspath(directory)


def _shim(python: Path, shims: Path, answered: Sequence[Sequence[str]], *, makes_venv: bool) -> str:
    lines = [
        "#!/bin/sh",
        "# Stands before this task's Python: what is there already need not be installed again.",
        'case ${0##*/} in pip*) set -- -m pip "$@" ;; esac',
    ]
    if answered:
        texts = ["".join(f"{word}\n" for word in words) for words in answered]
        patterns = "|\\\n".join(shlex.quote(text) for text in texts)
        lines += [
            'if [ "$1 $2 $3" = "-m pip install" ]; then',
            "  words=",
            '  for word in "$@"; do words="$words$word',
            '"; done',
            '  words="${words#-m?pip?install?}"',
            '  case "$words" in',
            f"{patterns}) exit 0 ;;",
            "  esac",
            "fi",
        ]
    if makes_venv:
        lines += [
            'if [ "$1 $2" = "-m venv" ]; then',
            '  mkdir -p "$3/bin" || exit',
            f"  for name in {' '.join(PYTHON_NAMES)}; do",
            f'    ln -s {shlex.quote(os.fspath(shims))}/"$name" "$3/bin/$name" || exit',
            "  done",
            """  printf "PATH='%s/bin':\\$PATH\\nexport PATH\\n" "$3" > "$3/bin/activate\"""",
            "  exit",
            "fi",
        ]
    return "\n".join([*lines, f'exec {shlex.quote(os.fspath(python))} "$@"', ""])


def _link(target: str, path: Path) -> None:
    with suppress(FileExistsError):
        path.symlink_to(target)


def _link_files(source: Path, target: Path) -> None:
    """Repeat a directory, with a link for every file, so that new files end up in the layer."""
    target.mkdir(exist_ok=True)
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _link_files(Path(entry.path), target / entry.name)
            else:
                _link(entry.path, target / entry.name)

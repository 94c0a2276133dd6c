"""Create a task's own overlay of a shared environment.

The overlay is a virtual environment of a few files, created in a millisecond. The packages of the
shared environment come after its own on the path. Packages that the task installs or removes itself
change the overlay only, so no task affects others, however it calls pip.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from argosy_engine.environments.commands import Executor
from argosy_engine.environments.interpreter import PythonInterpreter

PYTHON_NAMES = ("python", "python3", "pip", "pip3")


def create_overlay(
    shared: Path | None,
    directory: Path,
    interpreter: PythonInterpreter,
    *,
    skipped: Sequence[Sequence[str]] = (),
    makes_venv: bool = False,
    has_newest_kfp: bool = False,
) -> tuple[str, ...]:
    """Create a task's overlay in ``directory`` and return the directories to put before ``PATH``.

    Args:
        shared: The shared virtual environment; ``None``: the command needs the interpreter alone.
        directory: The overlay's directory.
        interpreter: The Python interpreter.
        skipped: Arguments of ``pip install`` that are already installed.
        makes_venv: Whether the command creates a virtual environment to install ``skipped`` into;
            it gets this one.
        has_newest_kfp: Whether commands of older releases of ``kfp`` run with a newer one.
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
        # Not only a path, so that the .pth files there are read as well.
        lower = os.fspath(shared / interpreter.packages)
        (packages / "_argosy.pth").write_text(f"import site; site.addsitedir({lower!r})\n")
        for name in ("share", "etc"):
            if (shared / name).is_dir():
                _link_files(shared / name, directory / name)
    shim = shims / "python3"
    text = _make_shim(
        programs / "python3",
        shims,
        skipped,
        makes_venv=makes_venv,
        has_newest_kfp=has_newest_kfp,
    )
    shim.write_text(text)
    shim.chmod(0o755)
    for name in PYTHON_NAMES:
        if name != "python3":
            _link("python3", shims / name)
    entries = [os.fspath(shims), os.fspath(programs)]
    if shared is not None:
        entries.append(os.fspath(shared / "bin"))
    return tuple(entries)


def find_shell(image: str, directory: Path) -> str | None:
    """Return a directory with a ``sh`` that supports ``[[`` as the image's does, or ``None``.

    Alpine's and BusyBox's ``sh`` do; a plain POSIX shell does not.
    """
    if not any(name in image.lower() for name in ("alpine", "busybox")):
        return None
    program = shutil.which("busybox") or shutil.which("bash")
    if program is None:
        return None
    directory.mkdir(parents=True, exist_ok=True)
    _link(program, directory / "sh")
    return os.fspath(directory)


def _make_shim(
    python: Path,
    shims: Path,
    skipped: Sequence[Sequence[str]],
    *,
    makes_venv: bool,
    has_newest_kfp: bool,
) -> str:
    lines = [
        "#!/bin/sh",
        "# Runs this task's Python, but skips the installation of packages that it already has.",
        'case ${0##*/} in pip*) set -- -m pip "$@" ;; esac',
    ]
    if skipped:
        texts = ["".join(f"{word}\n" for word in words) for words in skipped]
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
    if has_newest_kfp:
        lines += [
            f'if [ "$1 $2" = "-m {Executor.COMPONENTS}" ]; then',
            f'  shift 2; set -- -m {Executor.DSL} "$@"',
            "fi",
        ]
    return "\n".join([*lines, f'exec {shlex.quote(os.fspath(python))} "$@"', ""])


def _link(target: str, path: Path) -> None:
    with suppress(FileExistsError):
        path.symlink_to(target)


def _link_files(source: Path, target: Path) -> None:
    """Copy a directory with links for its files, so that new files are written to the overlay."""
    target.mkdir(exist_ok=True)
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _link_files(Path(entry.path), target / entry.name)
            else:
                _link(entry.path, target / entry.name)

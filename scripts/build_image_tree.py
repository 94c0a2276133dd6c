"""Build the directory tree of the image of driver and launcher, without an emulator.

``python scripts/build_image_tree.py TREE [--machine aarch64] [--installed]`` writes what the image
has above its Python: the packages that a pod imports, their one dependency from the package index
as a wheel for ``MACHINE``, ``exec`` for it, and the two commands. Of the project nothing else, so
that no command of a laptop can be started in a pod. The interpreter that runs this script has to be
of the image's version, since the modules are compiled here: a root that is read-only keeps none.

``manifests/image/Dockerfile`` copies the tree as one layer, and the tests run what is in it.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGES: Final = (
    "schemas/argosy_schemas",
    "expressions/argosy_expressions",
    "store/argosy_store",
    "driver/argosy_driver",
    "launcher/argosy_launcher",
)
DEPENDENCIES: Final = ("obstore",)
"""Of the project's, those that a pod imports; the schemas' own are for reading pipelines."""
COMMANDS: Final = {"argosy-driver": "argosy_driver", "argosy-launcher": "argosy_launcher"}
MACHINES: Final = ("x86_64", "aarch64")
DIRECTORY: Final = "opt/argosy"
"""Where everything is, wherever the image has its Python; the commands are in ``bin`` below."""

_NEWEST_GLIBC: Final = 36
"""Of Debian 12, which no image of a supported Python is older than."""
_UNCHECKED: Final = PycInvalidationMode.UNCHECKED_HASH
"""Neither the time nor the text of a source is looked at when it is imported."""
_COMMAND: Final = """\
#!/usr/bin/env python3
import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))

from {package}.__main__ import run

sys.exit(run())
"""


def build_tree(tree: Path, machine: str, *, installed: bool = False) -> None:
    """Write the tree.

    Args:
        tree: The directory that stands for the root of the image; it may have other files.
        machine: One of :data:`MACHINES`.
        installed: Take dependencies from the environment of this process, which is for its own
            machine, instead of the package index.
    """
    target = tree / DIRECTORY
    target.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            target / Path(package).name,
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )
    for other in set(MACHINES) - {machine}:
        (target / "argosy_launcher" / "bin" / f"exec-{other}").unlink()
    if installed:
        _copy_installed(target)
    else:
        _download(target, machine)
    compileall.compile_dir(
        target, quiet=1, stripdir=tree, prependdir="/", invalidation_mode=_UNCHECKED
    )
    commands = target / "bin"
    commands.mkdir(exist_ok=True)
    for name, package in COMMANDS.items():
        (commands / name).write_text(_COMMAND.format(package=package))
        (commands / name).chmod(0o755)
    _open_up(tree)


def _read_requirements() -> list[str]:
    """Return the dependencies at the versions that the project asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [each for each in project["dependencies"] if each.startswith(DEPENDENCIES)]


def _download(target: Path, machine: str) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    names = ("2014", *(f"_2_{minor}" for minor in range(17, _NEWEST_GLIBC + 1)))
    wheels = (f"--platform=manylinux{name}_{machine}" for name in names)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-compile"),
            *("--disable-pip-version-check", "--root-user-action=ignore"),
            *("--target", str(target), "--upgrade", "--only-binary=:all:"),
            *(f"--python-version={version}", "--implementation=cp", *wheels),
            *_read_requirements(),
        ],
        check=True,
    )


def _copy_installed(target: Path) -> None:
    for name in DEPENDENCIES:
        for file in distribution(name).files or ():
            source = Path(str(file.locate()))
            if source.suffix != ".pyc" and ".." not in file.parts and source.is_file():
                (target / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target / file)


def _open_up(tree: Path) -> None:
    """Let any user read everything, whatever the umask here is."""
    for directory, _, files in os.walk(tree):
        Path(directory).chmod(0o755)
        for file in files:
            path = Path(directory) / file
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def main() -> None:
    """Build the tree that the command line asks for."""
    parser = argparse.ArgumentParser(description="Build the tree of the image")
    parser.add_argument("tree", type=Path)
    parser.add_argument(
        "--machine",
        choices=(*MACHINES, "amd64", "arm64"),
        default=platform.machine(),
        help="of the image; by its name or by that of Docker",
    )
    parser.add_argument(
        "--installed", action="store_true", help="take dependencies from this environment"
    )
    given = parser.parse_args()
    name: str = given.machine
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)
    build_tree(given.tree, machine, installed=given.installed)
    size = sum(each.stat().st_size for each in given.tree.rglob("*") if each.is_file())
    print(f"{given.tree}: {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()

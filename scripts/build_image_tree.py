"""Build the directory tree of the image of driver and launcher, without an emulator.

``python scripts/build_image_tree.py TREE [--machine aarch64] [--installed]`` writes what the image
has above its Python: the packages that a pod imports, their one dependency from the package index
as a wheel for ``MACHINE``, ``exec`` for it, and the two commands. Of the project nothing else, so
that no command of a laptop can be started in a pod. With ``--service`` it writes what the image of
the service has beside this: all other packages and their dependencies. The interpreter that runs
this script has to be of the image's version, since the modules are compiled here: a root that is
read-only keeps none.

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
from collections.abc import Mapping, Sequence
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
SERVICE_EXTRAS: Final = ("service", "postgresql")
LAPTOP_DEPENDENCIES: Final = ("uv",)
"""Of the project's, those that only runs on this machine need: 50 MB of environments' tool."""
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

from {module} import {function}

sys.exit({function}())
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
    _copy_packages(target, PACKAGES)
    for other in set(MACHINES) - {machine}:
        (target / "argosy_launcher" / "bin" / f"exec-{other}").unlink()
    if installed:
        _copy_installed(target)
    else:
        _download(target, machine, _read_requirements())
    _finish(tree, {name: (f"{package}.__main__", "run") for name, package in COMMANDS.items()})


def build_service_tree(tree: Path, machine: str) -> None:
    """Write what the image of the service has beside the tree of steps, in the same place."""
    target = tree / DIRECTORY
    target.mkdir(parents=True, exist_ok=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    _copy_packages(target, tuple(each for each in packages if each not in PACKAGES))
    extras = project["project"]["optional-dependencies"]
    _download(
        target,
        machine,
        [
            *(
                each
                for each in project["project"]["dependencies"]
                if not each.startswith((*DEPENDENCIES, *LAPTOP_DEPENDENCIES))
            ),
            *(each for extra in SERVICE_EXTRAS for each in extras[extra]),
        ],
    )
    _finish(tree, {"argosy": ("argosy_cli.main", "main")})


def _copy_packages(target: Path, packages: Sequence[str]) -> None:
    for package in packages:
        shutil.copytree(
            ROOT / package,
            target / Path(package).name,
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )


def _finish(tree: Path, scripts: Mapping[str, tuple[str, str]]) -> None:
    """Compile the modules, and write the commands, each with its module and function."""
    target = tree / DIRECTORY
    compileall.compile_dir(
        target, quiet=1, stripdir=tree, prependdir="/", invalidation_mode=_UNCHECKED
    )
    commands = target / "bin"
    commands.mkdir(exist_ok=True)
    for name, (module, function) in scripts.items():
        (commands / name).write_text(_COMMAND.format(module=module, function=function))
        (commands / name).chmod(0o755)
    _open_up(tree)


def _read_requirements() -> list[str]:
    """Return the dependencies at the versions that the project asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [each for each in project["dependencies"] if each.startswith(DEPENDENCIES)]


def _download(target: Path, machine: str, requirements: Sequence[str]) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    names = ("2014", *(f"_2_{minor}" for minor in range(17, _NEWEST_GLIBC + 1)))
    wheels = (f"--platform=manylinux{name}_{machine}" for name in names)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-compile"),
            *("--disable-pip-version-check", "--root-user-action=ignore"),
            *("--target", str(target), "--upgrade", "--only-binary=:all:"),
            *(f"--python-version={version}", "--implementation=cp", *wheels),
            *requirements,
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
    parser.add_argument(
        "--service", action="store_true", help="write what the image of the service has beside it"
    )
    given = parser.parse_args()
    name: str = given.machine
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)
    if given.service:
        build_service_tree(given.tree, machine)
    else:
        build_tree(given.tree, machine, installed=given.installed)
    size = sum(each.stat().st_size for each in given.tree.rglob("*") if each.is_file())
    print(f"{given.tree}: {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()

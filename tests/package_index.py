"""An index of small packages, so that environments are built quickly and without a network."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from argosy_engine.environments.environments import Environment

EXECUTOR = """
import sys, kfp
if __name__ == "__main__":
    print("executor of kfp", kfp.__version__, *sys.argv[1:])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Packages that can be installed."""

    directory: Path

    def add(
        self,
        name: str,
        version: str,
        *,
        requires: str = "",
        tag: str = "py3-none-any",
        **files: str,
    ) -> None:
        """Offer a release of a package.

        Args:
            name: Of the package.
            version: Of the release.
            requires: Another package.
            tag: Of the wheel: the Pythons that it is for.
            files: Modules below it, by name.
        """
        info = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        if requires:
            metadata += f"Requires-Dist: {requires}\n"
        modules = {f"{name}/__init__.py": f"__version__ = {version!r}\n"}
        modules |= {f"{name}/{path}.py": text for path, text in files.items()}
        with zipfile.ZipFile(self.directory / f"{name}-{version}-{tag}.whl", "w") as wheel:
            for path, text in modules.items():
                wheel.writestr(path, text)
            wheel.writestr(f"{info}/METADATA", metadata)
            wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
            record = "".join(f"{path},,\n" for path in [*modules, f"{info}/METADATA"])
            wheel.writestr(f"{info}/RECORD", f"{record}{info}/WHEEL,,\n{info}/RECORD,,\n")

    def add_kfp(self, version: str) -> None:
        """Offer a release of the SDK that needs what nobody offers."""
        self.add("kfp", version, requires="nobody-offers-this", **{"dsl/executor_main": EXECUTOR})

    def withdraw(self) -> None:
        """Offer nothing any more."""
        for wheel in self.directory.glob("*.whl"):
            wheel.unlink()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command printed and how it ended."""

    status: int
    output: str


Run = Callable[[Sequence[str], Environment], Ran]


def component(*lines: str, program: str = "python3 -m kfp.dsl.executor_main a") -> tuple[str, ...]:
    """The command of a lightweight component that asks for the packages named."""
    installs = "  &&  ".join(
        f"python3 -m pip install --quiet --no-warn-script-location {line}" for line in lines
    )
    script = (
        '\nif ! [ -x "$(command -v pip)" ]; then\n'
        "    python3 -m ensurepip || python3 -m ensurepip --user || "
        "apt-get install python3-pip\nfi\n\n"
        f'PIP_DISABLE_PIP_VERSION_CHECK=1 {installs} && "$0" "$@"\n'
    )
    return ("sh", "-c", script, "sh", "-ec", f"export _KFP_RUNTIME=true\n{program}\n", "source")

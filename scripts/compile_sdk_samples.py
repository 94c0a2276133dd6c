"""Compile ``tests/sdk_samples/sources.py.txt`` with several releases of the KFP SDK.

Each release runs in an environment of its own, which uv makes; the network is needed for its
packages only. The compiled pipelines are kept: releases differ in what they write, and a test runs
all of them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from uv import find_uv_bin

SAMPLES: Final = Path(__file__).parents[1] / "tests" / "sdk_samples"
RELEASES: Final = {
    # kfp to kfp-kubernetes
    "2.0.1": "1.0.0",
    "2.3.0": "1.0.0",
    "2.7.0": "1.2.0",
    "2.10.1": "1.4.0",
    "2.13.0": "1.5.0",
    "2.17.3": "2.17.3",
}
PYTHON: Final = "3.11"
_SETUPTOOLS: Final = "setuptools<81"
"""Releases before 2.13 import ``pkg_resources``."""


def compile_samples(kfp: str, kubernetes: str) -> None:
    """Write what one release compiles."""
    directory = SAMPLES / kfp
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    packages = (f"kfp=={kfp}", f"kfp-kubernetes=={kubernetes}", _SETUPTOOLS)
    with tempfile.TemporaryDirectory() as temporary:
        # The SDK reads the source of components from a module.
        sources = Path(temporary, "samples.py")
        shutil.copyfile(SAMPLES / "sources.py.txt", sources)
        command = [find_uv_bin(), "run", "--quiet", "--no-project", "--isolated"]
        command += ["--python", PYTHON, *(word for each in packages for word in ("--with", each))]
        subprocess.run(
            [*command, "python", "-W", "ignore", str(sources), str(directory)],
            cwd=temporary,
            check=True,
        )


def main(releases: list[str]) -> None:
    """Compile with the releases, by default with all."""
    for kfp in releases or RELEASES:
        print(f"kfp {kfp}")
        compile_samples(kfp, RELEASES[kfp])


if __name__ == "__main__":
    main(sys.argv[1:])

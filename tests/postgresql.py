"""A PostgreSQL of the machine's own, started for the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

_FOLDERS = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgreSql:
    """A server that answers on a socket in a directory."""

    directory: Path

    def create_database(self) -> str:
        """Return the URL of a new database."""
        name = f"d{uuid.uuid4().hex}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://argosy@/{name}?host={self.directory}"


def find_programs() -> Path | None:
    """Return where ``initdb`` and ``postgres`` are."""
    found = shutil.which("initdb")
    if found is not None and Path(found).resolve().with_name("postgres").exists():
        return Path(found).resolve().parent
    for folder in _FOLDERS:
        for initdb in sorted(Path(folder).glob("*/bin/initdb"), reverse=True):
            return initdb.parent
    return None


@contextmanager
def run_postgresql(programs: Path) -> Generator[PostgreSql]:
    """Yield a server; it is gone with its data afterwards."""
    # It refuses to run as root.
    user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    directory = Path(tempfile.mkdtemp(prefix="pg"))
    shutil.chown(directory, user)
    data = directory / "data"
    try:
        subprocess.run(
            [
                *(programs / "initdb", "-D", data, "-U", "argosy", "-A", "trust"),
                *("--no-sync", "--locale=C.UTF-8", "--encoding=UTF8"),
            ],
            user=user,
            cwd=directory,
            check=True,
            capture_output=True,
        )
        server = subprocess.Popen(
            [
                *(programs / "postgres", "-D", data, "-k", directory),
                *("-c", "listen_addresses=", "-c", "fsync=off"),
            ],
            user=user,
            cwd=directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            started = PostgreSql(directory=directory)
            _wait_for(started, server)
            yield started
        finally:
            # At once, also where a connection was left open.
            server.send_signal(signal.SIGINT)
            server.wait()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _wait_for(started: PostgreSql, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(started.url("postgres")).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline or server.poll() is not None:
                raise
            time.sleep(0.1)

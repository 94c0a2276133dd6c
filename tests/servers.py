"""S3 servers for tests, each a process of its own on a free port of this machine."""

from __future__ import annotations

import importlib
import json
import os
import random
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCESS_KEY = "argosy-test"
SECRET_KEY = "argosy-test-secret"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Server:
    """A server that is ready."""

    name: str
    endpoint: str
    checks_signatures: bool

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs in its environment to be let in."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
        }

    def url(self, bucket: str, prefix: str = "", *, scheme: str = "s3") -> str:
        """The URL of a root, with the options that find this server."""
        place = f"{bucket}/{prefix}" if prefix else bucket
        return f"{scheme}://{place}?endpoint={self.endpoint}&region={REGION}"

    def client(self) -> Any:
        """A client that shares nothing with ours: it creates buckets and checks what is there."""
        # It has no types.
        return importlib.import_module("boto3").client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
        )


# In the directory that it runs in: the whole path of a temporary directory is too long on macOS.
SOCKETS = ("-s3.localSocket=s3.sock", "-filer.localSocket=filer.sock")


@contextmanager
def moto_server(directory: Path) -> Generator[S3Server]:
    """moto: right about conditional writes and paging, and lets everybody in."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, directory / "moto.log", f"http://127.0.0.1:{port}") as endpoint:
        yield S3Server(name="moto", endpoint=endpoint, checks_signatures=False)


@contextmanager
def seaweed_server(directory: Path) -> Generator[S3Server]:
    """SeaweedFS: a real object store, which checks signatures."""
    data = directory / "data"
    data.mkdir()
    config = directory / "s3.json"
    keys = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    actions = ["Read", "Write", "List", "Tagging", "Admin"]
    config.write_text(
        json.dumps({"identities": [{"name": "test", "credentials": keys, "actions": actions}]})
    )
    s3, s3_grpc, master, master_grpc, volume, volume_grpc, filer, filer_grpc = free_ports(8)
    command = [
        str(Path(sysconfig.get_path("scripts"), "weed")), "server", "-s3", f"-dir={data}",
        f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}", f"-s3.config={config}",
        f"-master.port={master}", f"-master.port.grpc={master_grpc}",
        f"-volume.port={volume}", f"-volume.port.grpc={volume_grpc}",
        f"-filer.port={filer}", f"-filer.port.grpc={filer_grpc}",
        "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket=false",
        "-master.telemetry=false",
        *SOCKETS,
        "-master.volumeSizeLimitMB=64", "-volume.max=5000",
    ]  # fmt: skip
    # Seven volumes for every new bucket otherwise, and tests make many.
    growth = {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
    log = directory / "weed.log"
    with _running(command, log, f"http://127.0.0.1:{s3}", **growth) as endpoint:
        server = S3Server(name="seaweed", endpoint=endpoint, checks_signatures=True)
        _wait_until_writable(server)
        yield server


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on at the moment.

    They are below those that a system gives to who asks for any, so that nobody gets one meanwhile.
    """
    ports: list[int] = []
    for port in random.SystemRandom().sample(range(10_000, 32_000), 1000):
        if len(ports) == count:
            break
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            ports.append(port)
    return ports


@contextmanager
def _running(command: list[str], log: Path, endpoint: str, **environment: str) -> Generator[str]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=log.parent,
            env=os.environ | environment,
        )
    try:
        _wait_for(endpoint, process, log)
        yield endpoint
    finally:
        process.kill()
        process.wait()


def _wait_for(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(endpoint, timeout=5):
                return
        except urllib.error.HTTPError as error:
            # It answers, if only to say that nobody may look at its buckets.
            error.close()
            return
        except OSError:
            time.sleep(0.05)
    tail = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"{endpoint} did not come up; its log ends with:\n{tail}")


def _wait_until_writable(server: S3Server) -> None:
    client = server.client()
    deadline = time.monotonic() + 60
    while True:
        try:
            client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="ready", Body=b"ready")
            return
        except client.exceptions.ClientError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)

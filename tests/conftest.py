"""Fixtures for all rooms."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import settings

import cli_processes
from servers import S3Server, moto_server, seaweed_server

# A busy machine is not a fault of the code under test. Two runs of the tests of one commit try the
# same examples, so that a change is judged by what it changes; `make nightly` looks for others.
settings.register_profile("argosy", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile("argosy")


def pytest_configure(config: pytest.Config) -> None:
    """Let commands measure coverage if the tests do, and heed Ctrl-C."""
    # A shell has its background jobs ignore SIGINT, and so would all that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.pluginmanager.hasplugin("_cov"):
        name = os.environ.get("COVERAGE_FILE", ".coverage")
        cli_processes.coverage_file = str(config.rootpath / name)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Measure no coverage of random tests, nor of the real pipelines.

    They run the same lines a thousand times, in twice the time, and the folder of real pipelines is
    not beside every checkout.
    """
    for item in items:
        is_random = isinstance(item, pytest.Function) and hasattr(item.obj, "hypothesis")
        if is_random or "corpus" in item.path.stem:
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with moto_server(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with seaweed_server(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(params=["moto", "seaweed"])
def s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """Each S3 server in turn; the environment lets clients in."""
    server: S3Server = request.getfixturevalue(request.param)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """A fresh bucket."""
    name = f"b-{uuid.uuid4().hex}"
    s3.client().create_bucket(Bucket=name)
    return name


@pytest.fixture(params=["local", "memory", "moto", "seaweed"])
def root(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The URL of a fresh place in each kind of store; the environment lets clients in."""
    if request.param == "local":
        return f"file://{tmp_path}/root"
    name = f"b-{uuid.uuid4().hex}"
    if request.param == "memory":
        return f"memory://{name}/root"
    server: S3Server = request.getfixturevalue(request.param)
    for variable, value in server.environment.items():
        monkeypatch.setenv(variable, value)
    server.client().create_bucket(Bucket=name)
    return server.url(name, "root")

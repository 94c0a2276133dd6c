"""Fixtures for all rooms."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from servers import S3Server, moto_server, seaweed_server

# A busy machine is no fault of the code under test.
settings.register_profile("argosy", deadline=None)
settings.load_profile("argosy")


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

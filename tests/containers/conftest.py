"""Real containers, where Docker or Podman is installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from argosy_engine.settings import RunnerName
from container_programs import (
    IMAGE,
    PROGRAMS,
    PYTHON_IMAGE,
    Program,
    Registry,
    find_programs,
    find_python,
    find_reason_to_skip,
    make_archive,
    write_podman_configuration,
)
from engine_steps import Machine


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Run real containers at night: they take minutes, and two tests at a time block each other."""
    for item in items:
        is_here = item.path.parent == Path(__file__).parent
        if is_here and isinstance(item, pytest.Function) and "program" in item.fixturenames:
            item.add_marker(pytest.mark.nightly)


@pytest.fixture(scope="session")
def podman_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Podman whose images and containers are the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        directory = tmp_path_factory.mktemp("podman")
        for name, value in write_podman_configuration(directory).items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session", params=["podman", "docker"])
def program(request: pytest.FixtureRequest, podman_storage: None) -> Iterator[Program]:
    """A program that runs containers, with an image of a shell."""
    name: str = request.param
    reason = find_reason_to_skip(name)
    if reason is not None:
        pytest.skip(reason)
    program = Program(name)
    program.import_image(
        IMAGE,
        find_programs(*PROGRAMS),
        "ENV FROM_IMAGE=yes",
        "WORKDIR /work",
        'ENTRYPOINT ["/bin/sh", "-c"]',
        'CMD ["echo default command"]',
    )
    yield program
    # Those of a test that failed, too.
    program.remove(program.containers())
    program.call("rmi", "--force", IMAGE)


@pytest.fixture(scope="session")
def python_image(program: Program) -> Iterator[str]:
    """An image with this Python and its pip."""
    program.import_image(
        PYTHON_IMAGE,
        (*find_programs(*PROGRAMS), *find_python()),
        f"ENV PATH={Path(next(iter(find_python()))).parent}:/bin",
    )
    yield PYTHON_IMAGE
    program.call("rmi", "--force", PYTHON_IMAGE)


@pytest.fixture
def machine(program: Program, tmp_path: Path) -> Iterator[Machine]:
    """A home of its own, whose commands run in containers."""
    yield Machine(tmp_path / "home", runner=RunnerName(program.name))
    left = program.containers()
    program.remove(left)
    assert left == []


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A registry whose one image nobody has pulled yet."""
    with Registry(make_archive(find_programs(*PROGRAMS))).serve() as registry:
        yield registry

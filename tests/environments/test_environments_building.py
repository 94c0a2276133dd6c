"""Building: once, whole, by whoever comes first, and told when it cannot be."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from argosy_engine.environments.environments import Environment, Environments, find_cache_directory
from argosy_engine.environments.errors import summarize_output
from argosy_engine.pods.stop import StopSignal
from argosy_schemas.errors import FinalTaskError, MachineError, RetryableTaskError
from argosy_schemas.formats.records import Failure, Reason
from package_index import Index, Run, component

IMAGE = "python:3.11"
KFP = "'kfp==2.14.3' '--no-deps'"
ARGV = component("colours", KFP)
PLAIN = component("colours", program="python3 -c pass")

BUILDER = """
import json, sys
from pathlib import Path
from argosy_engine.environments.environments import Environments
cache, task, argv = sys.argv[1:]
environments = Environments(Path(cache))
found = environments.prepare_environment(json.loads(argv), "x", task_directory=Path(task))
print(found.description)
"""


def start_builder(cache: Path, task: Path, variables: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BUILDER, str(cache), str(task), json.dumps(ARGV)]
    # The builder itself runs in the project's environment, not in the person's of these tests.
    environment = {k: v for k, v in variables.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def whole(environment: Environment) -> Path:
    """The shared environment."""
    return Path(environment.path_entries[-1]).parent


def test_what_is_built_is_a_log_record_without_the_options_of_pip(
    environments: Environments, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="argosy")
    argv = component("--index-url=https://me:secret@localhost 'colours==1.0'")

    found = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "task")

    begun, ended = [record.getMessage() for record in caplog.records]
    assert begun == f"build environment {whole(found)} with colours==1.0, kfp==2.17.3"
    assert ended.startswith(f"built environment {whole(found)} in ")


def test_processes_and_threads_that_come_together_build_once(
    variables: dict[str, str], environments: Environments, index: Index, run: Run, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    processes = [start_builder(cache, tmp_path / f"p{n}", variables) for n in range(3)]
    with ThreadPoolExecutor(3) as pool:
        calls = [
            pool.submit(
                environments.prepare_environment, ARGV, IMAGE, task_directory=tmp_path / f"t{n}"
            )
            for n in range(3)
        ]
        found = [call.result() for call in calls]
    told = [process.communicate() for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0], told
    assert {output.strip() for output, _ in told} == {found[0].description}
    assert len(list((cache / "environments").glob("*-*/bin"))) == 1
    index.withdraw()
    assert {run(ARGV, each).output for each in found} == {"executor of kfp 2.17.3 a\n"}


@pytest.mark.parametrize("seconds", [0.15, 0.4, 0.8])
def test_what_a_killed_builder_left_is_never_used(
    variables: dict[str, str],
    environments: Environments,
    index: Index,
    run: Run,
    tmp_path: Path,
    seconds: float,
) -> None:
    process = start_builder(tmp_path / "cache", tmp_path / "killed", variables)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    environment = environments.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "t")

    index.withdraw()
    assert run(ARGV, environment).output == "executor of kfp 2.17.3 a\n"


def test_a_half_built_environment_is_removed_and_built_anew(
    environments: Environments, variables: dict[str, str], tmp_path: Path
) -> None:
    first = environments.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "1")
    # As if the builder had been killed before its last step.
    (stamp,) = (tmp_path / "cache/environments").glob("[0-9a-f]*.json")
    stamp.unlink()

    again = Environments(tmp_path / "cache", environment=variables)
    second = again.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "2")

    assert whole(first) != whole(second)
    assert (whole(first).exists(), whole(second).exists()) == (False, True)


def test_an_environment_that_somebody_removed_is_built_anew(
    environments: Environments, variables: dict[str, str], tmp_path: Path
) -> None:
    first = environments.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "1")
    shutil.rmtree(whole(first))

    again = Environments(tmp_path / "cache", environment=variables)
    second = again.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "2")

    assert whole(second).exists()


def test_a_complete_environment_needs_no_network(
    environments: Environments, variables: dict[str, str], index: Index, run: Run, tmp_path: Path
) -> None:
    environments.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "1")
    index.withdraw()

    again = Environments(tmp_path / "cache", environment=variables | {"PATH": "/nowhere"})
    environment = again.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "2")

    assert run(ARGV, environment).output == "executor of kfp 2.17.3 a\n"


def test_the_shared_kfp_stays_the_same_while_its_answer_is_young(
    environments: Environments, variables: dict[str, str], index: Index, tmp_path: Path
) -> None:
    environments.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "1")
    index.add_kfp("2.18.0")

    again = Environments(tmp_path / "cache", environment=variables)
    environment = again.prepare_environment(component(KFP), IMAGE, task_directory=tmp_path / "2")

    assert "kfp==2.17.3" in environment.description


def make_answer_old(cache: Path) -> None:
    (file,) = (cache / "environments").glob("kfp-*.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"asked_at": 0}))


def test_an_old_answer_is_asked_for_again_when_something_has_to_be_built(
    environments: Environments, variables: dict[str, str], index: Index, tmp_path: Path
) -> None:
    environments.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "1")
    index.add_kfp("2.18.0")
    make_answer_old(tmp_path / "cache")
    again = Environments(tmp_path / "cache", environment=variables)
    late = Environments(tmp_path / "cache", environment=variables)

    new = again.prepare_environment(component(KFP), IMAGE, task_directory=tmp_path / "2")
    same_run = again.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "3")
    warm = late.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "4")

    assert "kfp==2.18.0" in new.description
    assert "kfp==2.18.0" in same_run.description
    assert "kfp==2.18.0" in warm.description


def test_an_old_answer_is_good_enough_for_what_is_there(
    environments: Environments, variables: dict[str, str], index: Index, tmp_path: Path
) -> None:
    environments.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "1")
    index.add_kfp("2.18.0")
    make_answer_old(tmp_path / "cache")
    again = Environments(tmp_path / "cache", environment=variables)

    warm = again.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "2")
    built_after = again.prepare_environment(component(KFP), IMAGE, task_directory=tmp_path / "3")

    assert "kfp==2.17.3" in warm.description
    assert "kfp==2.17.3" in built_after.description


def test_an_old_answer_is_good_enough_without_a_network(
    environments: Environments, variables: dict[str, str], index: Index, tmp_path: Path
) -> None:
    environments.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "1")
    make_answer_old(tmp_path / "cache")
    index.withdraw()
    forgetful = variables | {"UV_CACHE_DIR": str(tmp_path / "another")}
    again = Environments(tmp_path / "cache", environment=forgetful)

    with pytest.raises(FinalTaskError, match=r"kfp==2\.17\.3"):
        again.prepare_environment(component(KFP), IMAGE, task_directory=tmp_path / "2")


def test_a_package_that_does_not_exist_is_no_matter_of_the_python(
    environments: Environments, tmp_path: Path
) -> None:
    with pytest.raises(FinalTaskError) as caught:
        environments.prepare_environment(
            component("no-such-package"), IMAGE, task_directory=tmp_path / "1"
        )

    assert str(caught.value).endswith("); correct the component's packages_to_install")


def test_requirements_that_nobody_offers_are_told_by_name_and_not_tried_again(
    environments: Environments, variables: dict[str, str], index: Index, tmp_path: Path
) -> None:
    argv = component("'colours>9'")
    with pytest.raises(FinalTaskError) as caught:
        environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "1")
    index.add("colours", "10.0")
    with pytest.raises(FinalTaskError) as again:
        environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "2")
    fresh = Environments(tmp_path / "cache", environment=variables)

    message = str(caught.value)
    assert message.startswith(
        "the Python packages of the component (colours>9) could not be installed ("
    )
    assert "only colours<=2.0 is available" in message
    version = ".".join(map(str, sys.version_info[:3]))
    assert message.endswith(
        f"); correct the component's packages_to_install, or run Argosy with another Python than "
        f"{version}"
    )
    assert "\n" not in message
    assert caught.value.reason == Reason.ENVIRONMENT_FAILED
    assert str(again.value) == message
    fresh.prepare_environment(argv, IMAGE, task_directory=tmp_path / "3")


def test_an_index_that_cannot_be_reached_is_told_and_may_be_tried_again(
    variables: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    index = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "UV_HTTP_RETRIES": "0"}
    url = f"http://127.0.0.1:{port}/simple"
    environments = Environments(
        tmp_path / "cache", environment=variables | index | {"PIP_INDEX_URL": url}
    )

    for argv in (component("colours"), ARGV):
        with pytest.raises(RetryableTaskError) as caught:
            environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")

        assert "could not be fetched" in str(caught.value)
        assert f"127.0.0.1:{port}" in str(caught.value)
        assert "PIP_INDEX_URL" in str(caught.value)
        assert caught.value.reason == Reason.ENVIRONMENT_FAILED


def test_a_cache_that_cannot_be_written_is_told(variables: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environments = Environments(tmp_path / "file" / "cache", environment=variables)

    for argv in (component("colours"), ARGV):
        with pytest.raises(MachineError, match="set ARGOSY_CACHE_DIR to a directory"):
            environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")


STOPPED = Failure(reason=Reason.CANCELED, message="the run was stopped")
LATE = Failure(reason=Reason.DEADLINE_EXCEEDED, message="the run did not end within 1 s")


@dataclass(frozen=True)
class SilentIndex:
    """An index that takes connections and never answers."""

    server: socket.socket
    variables: dict[str, str]
    """Those that name it."""

    def when_asked(self, act: Callable[[], None]) -> None:
        """Do something when somebody asks it."""

        def wait() -> None:
            with contextlib.suppress(OSError):  # Nobody did, and it was closed.
                connection, _ = self.server.accept()
                with connection:
                    act()
                    while connection.recv(1 << 16):
                        pass

        threading.Thread(target=wait, daemon=True).start()


@pytest.fixture
def silent_index(variables: dict[str, str]) -> Iterator[SilentIndex]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/simple"
        named = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": url}
        yield SilentIndex(server, variables | named)


@pytest.mark.parametrize("failure", [STOPPED, LATE])
@pytest.mark.parametrize(
    ("argv", "what"), [(PLAIN, "colours"), (ARGV, "kfp>=2,<3")], ids=["plain", "kfp"]
)
def test_a_stop_ends_what_is_being_built_for_its_pod(
    argv: tuple[str, ...],
    what: str,
    failure: Failure,
    silent_index: SilentIndex,
    tmp_path: Path,
) -> None:
    environments = Environments(tmp_path / "cache", environment=silent_index.variables)
    stop = StopSignal()
    silent_index.when_asked(lambda: stop.set(failure))
    with pytest.raises(RetryableTaskError) as caught:
        environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t", stop=stop)

    assert str(caught.value) == (
        f"{failure.message} while Python packages ({what}) were installed; resume it"
    )
    assert caught.value.reason == failure.reason


def test_what_is_built_after_a_stop_for_another_pod_is_built(
    environments: Environments, tmp_path: Path
) -> None:
    stop = StopSignal()
    stop.set(STOPPED)

    with pytest.raises(RetryableTaskError):
        environments.prepare_environment(ARGV, IMAGE, task_directory=tmp_path / "1", stop=stop)
    environment = environments.prepare_environment(
        ARGV, IMAGE, task_directory=tmp_path / "2", stop=StopSignal()
    )

    assert "colours" in environment.description


def test_a_stop_ends_waiting_for_another_builder(
    environments: Environments, silent_index: SilentIndex, tmp_path: Path
) -> None:
    first = Environments(tmp_path / "cache", environment=silent_index.variables)
    building, stop = StopSignal(), StopSignal()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(
            first.prepare_environment, PLAIN, IMAGE, task_directory=tmp_path / "1", stop=building
        )
        try:
            wait_for_builder(tmp_path / "cache")
            threading.Timer(0.5, stop.set, [STOPPED]).start()

            with pytest.raises(RetryableTaskError) as caught:
                environments.prepare_environment(
                    PLAIN, IMAGE, task_directory=tmp_path / "2", stop=stop
                )
        finally:
            building.set(STOPPED)

    assert caught.value.reason == Reason.CANCELED


def wait_for_builder(cache: Path) -> None:
    until = time.monotonic() + 20
    while not list((cache / "environments").glob("*-*/bin/python")):
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"HOME": "/h"}, "/h/.cache/argosy"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/argosy"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x", "ARGOSY_CACHE_DIR": "/a"}, "/a"),
    ],
)
def test_the_cache_is_where_the_person_wants_it(environment: dict[str, str], expected: str) -> None:
    assert os.fspath(find_cache_directory(environment)) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            "  \u00d7 No solution found when resolving dependencies:\n"
            "  ╰─▶ Because a was not found in the package registry and you require a, we can\n"
            "      conclude that your requirements are unsatisfiable.\n\n"
            "      hint: Packages were unavailable because the network was disabled.\n",
            "No solution found when resolving dependencies: Because a was not found in the "
            "package registry and you require a, we can conclude that your requirements are "
            "unsatisfiable",
        ),
        (
            "error: Failed to fetch: `http://x/`\n  Caused by: tcp connect error\n",
            "Failed to fetch: `http://x/`: tcp connect error",
        ),
        (
            "Looking in links\nERROR: Could not find a version\nERROR: No matching distribution.\n",
            "No matching distribution",
        ),
        (
            "Resolved 55 packages in 5s\nBuilding a==1\nerror: Failed to build `a==1`\n"
            "  cause: The build backend returned an error\n\n[stderr]\nTraceback\n",
            "Failed to build `a==1`: The build backend returned an error",
        ),
        (
            "Using Python 3.11.7\nerror: No solution found when resolving dependencies\n"
            "  cause: Because a was not found in the cache and you require a==1, we can conclude"
            " that your requirements are unsatisfiable.\n\nhint: Packages were unavailable\n",
            "No solution found when resolving dependencies: Because a was not found in the cache"
            " and you require a==1, we can conclude that your requirements are unsatisfiable",
        ),
        ("", ""),
        ("hint: only\n", "hint: only"),
    ],
    ids=["uv-drawn", "uv-network", "pip", "build", "uv", "nothing", "hint"],
)
def test_the_error_of_an_installer_is_told_in_one_line(output: str, expected: str) -> None:
    assert summarize_output(output) == expected


def test_threads_that_ask_for_uv_at_once_all_find_it() -> None:
    # Filling `sysconfig` takes a moment, in which Python 3.11 lets other threads read it.
    code = """
import sysconfig, threading, time
from argosy_engine.environments.building import find_uv
fill = sysconfig._init_posix
def fill_slowly(variables):
    time.sleep(0.2)
    fill(variables)
sysconfig._init_posix = fill_slowly
found = []
threads = [threading.Thread(target=lambda: found.append(find_uv())) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(found), len(set(found)))
"""

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert (ended.stdout, ended.stderr) == ("4 1\n", "")

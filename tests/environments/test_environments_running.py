"""Commands that run in environments that were really built."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from argosy_engine.environments.environments import Environments
from argosy_engine.environments.interpreter import PythonInterpreter
from package_index import Index, Run, component

KFP = "'kfp==2.14.3' '--no-deps' 'typing-extensions>=3.7.4,<5; python_version<\"3.9\"'"
OTHER_KFP = "'kfp==2.16.0' '--no-deps'"
IMAGE = "python:3.11"


def shared_directories(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "environments").glob("*-*") if path.is_dir())


def test_a_component_finds_its_packages_and_installs_nothing(
    environments: Environments, index: Index, run: Run, tmp_path: Path
) -> None:
    show = "python3 -c 'import colours; print(colours.__version__)'"
    argv = component("'colours<2'", KFP, program=f"python3 -m kfp.dsl.executor_main a\n{show}")
    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")
    index.withdraw()

    ran = run(argv, environment)

    assert (ran.status, ran.output) == (0, "executor of kfp 2.17.3 a\n1.0\n")


def test_commands_that_differ_in_the_sdks_pin_share_an_environment(
    environments: Environments, index: Index, run: Run, tmp_path: Path
) -> None:
    one, other = component(KFP), component(OTHER_KFP)
    first = environments.prepare_environment(one, IMAGE, task_directory=tmp_path / "1")
    second = environments.prepare_environment(other, IMAGE, task_directory=tmp_path / "2")
    index.withdraw()

    assert run(one, first) == run(other, second)
    assert len(shared_directories(tmp_path / "cache")) == 1


def test_pins_are_followed_to_the_letter_on_request(
    variables: dict[str, str], run: Run, tmp_path: Path
) -> None:
    environments = Environments(tmp_path / "cache", environment=variables, keep_pins=True)
    argv = component(OTHER_KFP)

    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")

    assert run(argv, environment).output == "executor of kfp 2.16.0 a\n"
    assert environment.description.startswith("Python 3.")
    assert " with kfp==2.16.0 in " in environment.description


def test_an_older_command_without_a_way_to_import_less_gets_one(
    environments: Environments, run: Run, tmp_path: Path
) -> None:
    script = 'PIP_QUIET=1 python3 -m pip install \'kfp==2.0.1\' && "$0" "$@"'
    argv = ("sh", "-c", script, "sh", "-ec", "python3 -m kfp.dsl.executor_main $_KFP_RUNTIME")

    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")

    assert run(argv, environment).output == "executor of kfp 2.17.3 true\n"


@pytest.mark.parametrize("keep_pins", [True, False])
def test_a_command_of_a_release_without_local_paths_runs_with_the_newest(
    keep_pins: bool, variables: dict[str, str], run: Run, tmp_path: Path
) -> None:
    environments = Environments(tmp_path / "cache", environment=variables, keep_pins=keep_pins)
    script = 'python3 -m pip install --quiet \'kfp==2.0.1\' && "$0" "$@"'
    argv = ("sh", "-c", script, "sh", "-ec", "python3 -m kfp.components.executor_main a 'b c'")

    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")

    assert run(argv, environment).output == "executor of kfp 2.17.3 a b c\n"


def test_a_command_with_a_virtual_environment_of_its_own_finds_its_packages(
    environments: Environments, index: Index, run: Run, tmp_path: Path
) -> None:
    factory = importlib.import_module("kfp.dsl.component_factory")
    install = factory._get_packages_to_install_command(
        packages_to_install=["colours"], use_venv=True
    )
    argv = (*install, "sh", "-ec", "python3 -m kfp.dsl.executor_main b; pip --version; which pip")

    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")
    index.withdraw()
    ran = run(argv, environment)

    assert ran.status == 0
    lines = ran.output.splitlines()
    assert lines[0] == "executor of kfp 2.17.3 b"
    assert lines[1].startswith("pip ")
    assert lines[2].startswith(str(tmp_path))
    assert lines[2].endswith("/venv/bin/pip")


def test_what_a_task_installs_itself_is_seen_by_no_other_task(
    environments: Environments, run: Run, tmp_path: Path
) -> None:
    show = "python3 -c 'import colours; print(colours.__version__)'"
    ways = (
        "python3 -m pip install -q 'colours<2'",
        "pip install -q 'colours<2'",
        "python3 -c 'import sys, subprocess as s;"
        's.run([sys.executable, "-m", "pip", "install", "-q", "colours<2"], check=True)\'',
    )
    for number, way in enumerate(ways):
        argv = component("'colours>1'", KFP, program=f"{way}\n{show}")
        environment = environments.prepare_environment(
            argv, IMAGE, task_directory=tmp_path / f"changing-{number}"
        )
        assert run(argv, environment).output.splitlines()[-1] == "1.0"
    argv = component("'colours>1'", KFP, program=show)

    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "other")

    assert run(argv, environment).output == "2.0\n"


def test_what_a_task_removes_stays_for_the_others(
    environments: Environments, run: Run, tmp_path: Path
) -> None:
    show = "python3 -c 'import colours; print(colours.__version__)'"
    argv = component("colours", program=f"pip uninstall --yes colours >/dev/null 2>&1\n{show}")

    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")

    assert run(argv, environment).output == "2.0\n"


def test_an_installation_that_differs_in_one_word_is_carried_out(
    environments: Environments, index: Index, run: Run, tmp_path: Path
) -> None:
    argv = component("colours", program="python3 -m pip install --quiet colours extra")
    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")

    ran = run(argv, environment)

    assert ran.status != 0
    assert "No matching distribution found for extra" in ran.output


def test_the_task_has_a_python_of_its_own_and_nothing_of_the_person_who_runs_it(
    environments: Environments, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/private.py").write_text("")
    show = "import sys, importlib.util as u; print(sys.prefix, u.find_spec(sys.argv[1]) is None)"
    argv = ("python", "-c", show, "private")

    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")

    assert run(argv, environment).output == f"{tmp_path}/t/python True\n"
    assert run(("python3", "-c", show, "click"), environment).output.endswith(" True\n")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert run((f"python{version}", "--version"), environment).output.startswith("Python 3.")


def test_a_command_that_needs_no_packages_builds_nothing(
    environments: Environments, index: Index, run: Run, tmp_path: Path
) -> None:
    index.withdraw()
    argv = ("sh", "-c", "echo hello; command -v python3")

    environment = environments.prepare_environment(argv, "alpine", task_directory=tmp_path / "t")

    assert run(argv, environment).output == f"hello\n{tmp_path}/t/python/shims/python3\n"
    assert not (tmp_path / "cache").exists()
    assert environment.description.startswith("Python 3.")


def test_an_authors_own_installation_happens_in_the_tasks_layer(
    environments: Environments, run: Run, tmp_path: Path
) -> None:
    argv = ("sh", "-c", "pip install -q colours && python -c 'import colours as c; print(c)'")

    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")

    assert f"{tmp_path}/t/python/lib/" in run(argv, environment).output


def test_programs_and_data_of_packages_are_found(
    environments: Environments, run: Run, tmp_path: Path
) -> None:
    argv = component("colours", program="pip --version")
    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")
    (shared,) = shared_directories(tmp_path / "cache")
    place = tmp_path / "cache/environments" / shared
    (place / "bin/paint").write_text("#!/bin/sh\necho painted\n")
    (place / "bin/paint").chmod(0o755)
    (place / "share/colours/deep").mkdir(parents=True)
    (place / "share/colours/deep/red").write_text("red")

    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "2")
    (tmp_path / "2/python/share/colours/new").write_text("")

    assert run(("paint",), environment).output == "painted\n"
    assert (tmp_path / "2/python/share/colours/deep/red").read_text() == "red"
    assert not (place / "share/colours/new").exists()


@pytest.mark.skipif(
    shutil.which("busybox") is None and shutil.which("bash") is None,
    reason="needs a shell beyond POSIX's",
)
@pytest.mark.parametrize(
    ("image", "output"),
    [("ghcr.io/containerd/busybox", "a=b\n"), ("python:alpine3.9", "a=b\n")],
)
def test_the_shell_of_alpine_and_busybox_knows_double_brackets(
    environments: Environments, run: Run, tmp_path: Path, image: str, output: str
) -> None:
    argv = ("sh", "-ec", "[[ \"$0\" == 'a=b' ]] && echo $0", "a=b")

    environment = environments.prepare_environment(argv, image, task_directory=tmp_path / "t")

    assert run(argv, environment).output == output


def test_other_images_keep_the_shell_of_this_machine(
    environments: Environments, tmp_path: Path
) -> None:
    environment = environments.prepare_environment(("sh",), IMAGE, task_directory=tmp_path / "t")

    assert not any(Path(entry, "sh").exists() for entry in environment.path_entries)


def test_awkward_names_of_directories_do_no_harm(
    variables: dict[str, str], run: Run, tmp_path: Path
) -> None:
    environments = Environments(tmp_path / "it's a $cache", environment=variables)
    argv = component("colours", KFP)

    environment = environments.prepare_environment(
        argv, IMAGE, task_directory=tmp_path / "a 'task' $HOME"
    )

    assert run(argv, environment).output == "executor of kfp 2.17.3 a\n"


def test_options_that_uv_does_not_know_are_pips(
    environments: Environments, index: Index, run: Run, tmp_path: Path
) -> None:
    argv = component("--root-user-action=ignore 'colours<2'", program="pip list 2>&1 | grep col")
    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")
    index.withdraw()

    assert run(argv, environment).output.split() == ["colours", "1.0"]


@pytest.fixture
def system() -> PythonInterpreter:
    """The system's Python; that of macOS may be there and not run."""
    show = "import sys; print(*sys.version_info[:3])"
    try:
        shown = subprocess.run(["/usr/bin/python3", "-c", show], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs the system's Python ({error})")
    major, minor, micro = map(int, shown.stdout.split())
    return PythonInterpreter(executable="/usr/bin/python3", version=(major, minor, micro))


def test_the_systems_python_serves_as_well(
    variables: dict[str, str], run: Run, tmp_path: Path, system: PythonInterpreter
) -> None:
    major, minor, _ = system.version
    environments = Environments(tmp_path / "cache", environment=variables, interpreter=system)
    argv = component("colours", KFP, program="python3 -m kfp.dsl.executor_main; pip --version")

    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")

    ran = run(argv, environment)
    assert ran.output.startswith("executor of kfp 2.17.3\npip ")
    assert f"python {major}.{minor}" in ran.output


def test_the_real_sdk_runs_a_component(tmp_path: Path) -> None:
    factory = importlib.import_module("kfp.dsl.component_factory")
    install: list[str] = factory._get_packages_to_install_command()
    program = "_KFP_RUNTIME=true python3 -m kfp.dsl.executor_main --help"
    argv = (*install, "sh", "-ec", program)
    environments = Environments(tmp_path / "cache")

    environment = environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "t")
    path = ":".join((*environment.path_entries, os.environ["PATH"]))
    done = subprocess.run(
        argv,
        env=os.environ | {"PATH": path} | dict(environment.env),
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert "--executor_input" in done.stdout


def test_a_warm_environment_costs_little(
    environments: Environments, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    argv = component("colours", KFP)
    environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / "first")
    seconds: list[float] = []
    for number in range(30):
        began = time.perf_counter()
        environments.prepare_environment(argv, IMAGE, task_directory=tmp_path / f"{number}")
        seconds.append(time.perf_counter() - began)

    record_property("milliseconds", sorted(seconds)[15] * 1000)
    assert min(seconds) < 0.005

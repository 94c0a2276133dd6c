"""What is read from commands: those of today's SDK, of older ones, and of nobody's."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from argosy_engine.environments.commands import Executor, PythonCommand, read_command

KFP = ("--quiet", "--no-warn-script-location", "kfp==2.14.3", "--no-deps")
TYPING = 'typing-extensions>=3.7.4,<5; python_version<"3.9"'
PROGRAM = ("sh", "-ec", '_KFP_RUNTIME=true python3 -m kfp.dsl.executor_main "$@"\n', "import x")


def sdk_command(**options: Any) -> tuple[str, ...]:
    """The command that the installed SDK puts before a component's own."""
    factory = importlib.import_module("kfp.dsl.component_factory")
    found: list[str] = factory._get_packages_to_install_command(**options)
    return (*found, *PROGRAM)


def sdk_version() -> str:
    version: str = importlib.import_module("kfp").__version__
    return version


def installs(argv: tuple[str, ...]) -> list[tuple[str, ...]]:
    quiet = ("--quiet", "--no-warn-script-location")
    found = read_command(argv).installs
    assert all(arguments[:2] == quiet for arguments in found)
    return [arguments[2:] for arguments in found]


def test_the_sdk_alone_is_read_from_todays_command() -> None:
    argv = sdk_command()

    assert installs(argv) == [(f"kfp=={sdk_version()}", "--no-deps", TYPING)]
    found = read_command(argv)
    assert (found.executor, found.sets_runtime, found.makes_venv) == (Executor.DSL, True, False)


def test_packages_are_read_in_their_order_and_with_their_quotes() -> None:
    argv = sdk_command(
        packages_to_install=["pandas>=2,<3", "a[b,c]==1; python_version<'4'", "it's"],
        pip_index_urls=["https://one/simple", "https://two/simple"],
        pip_trusted_hosts=["one"],
    )
    options = (
        "--index-url", "https://one/simple", "--extra-index-url", "https://two/simple",
        "--trusted-host", "one",
    )  # fmt: skip

    assert installs(argv) == [
        (*options, "pandas>=2,<3", "a[b,c]==1; python_version<'4'", "it's"),
        (*options, f"kfp=={sdk_version()}", "--no-deps", TYPING),
    ]


def test_packages_without_the_sdk_are_read() -> None:
    argv = sdk_command(packages_to_install=["pandas"], install_kfp_package=False)

    assert installs(argv) == [("pandas",)]


def test_a_virtual_environment_of_the_commands_own_is_seen() -> None:
    argv = sdk_command(packages_to_install=["pandas"], use_venv=True)

    assert installs(argv) == [("pandas",), (f"kfp=={sdk_version()}", "--no-deps", TYPING)]
    assert read_command(argv).makes_venv


def test_older_commands_are_read() -> None:
    script = (
        '\nif ! [ -x "$(command -v pip)" ]; then\n    python3 -m ensurepip || '
        "python3 -m ensurepip --user || apt-get install python3-pip\nfi\n\n"
        "PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet     "
        '--no-warn-script-location \'kfp==2.0.0-beta.16\' && "$0" "$@"\n'
    )
    program = "python3 -m kfp.components.executor_main      --component_module_path x"

    assert read_command(("sh", "-c", script, "sh", "-ec", program)) == PythonCommand(
        installs=(("--quiet", "--no-warn-script-location", "kfp==2.0.0-beta.16"),),
        executor=Executor.COMPONENTS,
        mentions_pip=True,
    )


def test_a_second_attempt_is_not_a_second_installation() -> None:
    script = (
        "(PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet 'xgboost==1.1.1' || "
        "PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet 'xgboost==1.1.1' --user) "
        '&& "$0" "$@"'
    )

    assert read_command(("sh", "-c", script, "python3")).installs == (
        ("--quiet", "xgboost==1.1.1"),
    )


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param((), id="empty"),
        pytest.param(("sh",), id="shell"),
        pytest.param(("sh", "-c", "python3 -m pip install a && python3 x.py"), id="authors-own"),
        pytest.param(("sh", "-c", "python3 -m pip install a\nrun", "x"), id="authors-own-2"),
        pytest.param(("sh", "x.sh", 'python3 -m pip install a && "$0" "$@"', "x"), id="file"),
        pytest.param(("run", "-c", 'python3 -m pip install a && "$0" "$@"', "x"), id="no-shell"),
        pytest.param(("sh", "-c", 'python3 -m pip install "$P" && "$0" "$@"', "x"), id="variable"),
        pytest.param(("sh", "-c", 'python3 -m pip install `p` && "$0" "$@"', "x"), id="backquote"),
        pytest.param(("sh", "-c", 'python3 -m pip install \'a && "$0" "$@"', "x"), id="broken"),
        pytest.param(("sh", "-c", 'echo python3 -m pip install a && "$0" "$@"', "x"), id="echo"),
    ],
)
def test_what_is_not_the_sdks_is_left_alone(argv: tuple[str, ...]) -> None:
    assert read_command(argv).installs == ()


@pytest.mark.parametrize(
    ("argv", "executor"),
    [
        (("python3", "-m", "kfp.dsl.executor_main", "--x"), Executor.DSL),
        (("sh", "-ec", "python3 -m kfp.components.executor_main"), Executor.COMPONENTS),
        (("python3", "-m", "kfp.dsl.executor_mainly"), None),
        (("echo", "kfp.dsl.executor_main"), None),
    ],
)
def test_the_executor_is_found_without_any_installation(
    argv: tuple[str, ...], executor: Executor | None
) -> None:
    assert read_command(argv).executor == executor


@pytest.mark.parametrize(
    ("argv", "mentions"),
    [
        (("sh", "-c", "pip install x"), True),
        (("python3", "-m", "pip"), True),
        (("sh", "-c", "/usr/bin/pip3 list"), True),
        (("run", "--pipeline", "ml-pipeline", "pipx"), False),
    ],
)
def test_pip_is_found_as_a_word(argv: tuple[str, ...], mentions: bool) -> None:
    assert read_command(argv).mentions_pip == mentions

"""What is installed ahead, and which kfp."""

from __future__ import annotations

import pytest

from argosy_engine.environments.commands import Executor, PythonCommand
from argosy_engine.environments.requirements import Requirements, decide_requirements

TYPING = 'typing-extensions>=3.7.4,<5; python_version<"3.9"'
SDK = ("--quiet", "--no-warn-script-location", "kfp==2.14.3", "--no-deps", TYPING)


def requirements(
    *installs: tuple[str, ...],
    executor: Executor | None = Executor.DSL,
    sets_runtime: bool = True,
    keep_pins: bool = False,
) -> Requirements:
    command = PythonCommand(
        installs=installs, executor=executor, sets_runtime=sets_runtime, mentions_pip=True
    )
    return decide_requirements(command, keep_pins=keep_pins, newest_kfp=lambda: "2.17.3")


def test_the_sdks_own_pin_becomes_the_shared_release() -> None:
    assert requirements(SDK) == Requirements(
        installs=(("--no-deps", "kfp==2.17.3"),), skipped=(SDK,), kfp="2.17.3"
    )


def test_what_else_is_installed_stays_before_or_after() -> None:
    found = requirements(("--quiet", "pandas"), SDK, ("scikit-learn==1.4.0",))

    assert found.installs == (
        ("pandas",),
        ("--no-deps", "kfp==2.17.3"),
        ("scikit-learn==1.4.0",),
    )


def test_index_options_stay() -> None:
    found = requirements(("--quiet", "--index-url", "https://i", *SDK[2:]))

    assert found.installs == (("--no-deps", "--index-url", "https://i", "kfp==2.17.3"),)


def test_pins_are_kept_on_request() -> None:
    assert requirements(SDK, keep_pins=True) == Requirements(
        installs=(("kfp==2.14.3", "--no-deps", TYPING),), skipped=(SDK,), kfp=None
    )


def test_the_dependencies_of_an_older_sdks_pin_are_not_installed() -> None:
    found = requirements(("kfp==2.0.1",), sets_runtime=False)

    assert found.installs == (("--no-deps", "kfp==2.17.3"),)


@pytest.mark.parametrize("release", ["2.0.0-beta.16", "2.0.0b5", "2.0.1", "2.4.0"])
@pytest.mark.parametrize("keep_pins", [True, False])
def test_a_release_without_local_paths_is_replaced_whoever_asks_for_it(
    release: str, keep_pins: bool
) -> None:
    of_the_sdk = requirements(
        (f"kfp=={release}",),
        executor=Executor.COMPONENTS,
        sets_runtime=False,
        keep_pins=keep_pins,
    )
    of_the_author = requirements((f"kfp=={release}", "pandas"), keep_pins=keep_pins)

    assert (of_the_sdk.installs, of_the_sdk.kfp) == ((("--no-deps", "kfp==2.17.3"),), "2.17.3")
    assert (of_the_author.installs, of_the_author.kfp) == (
        (("kfp==2.17.3", "pandas"),),
        "2.17.3",
    )


@pytest.mark.parametrize(
    "line",
    [
        ("kfp==2.5.0",),
        ("kfp==2.40.0",),
        ("kfp==2.9.0",),
        ("kfp==2.9.0", "pandas"),
        ("kfp[kubernetes]==2.9.0",),
        ("kfp>=2.9",),
    ],
)
def test_what_the_author_asks_for_is_installed_as_asked(line: tuple[str, ...]) -> None:
    assert requirements(line) == Requirements(installs=(line,), skipped=(line,), kfp=None)


def test_the_sdk_is_there_for_components_whose_image_would_have_brought_it() -> None:
    assert requirements().installs == (("--no-deps", "kfp==2.17.3"),)
    assert requirements(("pandas", "kfp-kubernetes")).installs == (
        ("pandas", "kfp-kubernetes"),
        ("--no-deps", "kfp==2.17.3"),
    )
    assert requirements(keep_pins=True).installs == (("--no-deps", "kfp==2.17.3"),)


def test_nothing_is_asked_of_an_index_for_commands_without_the_sdk() -> None:
    command = PythonCommand(installs=(("pandas",),), mentions_pip=True)

    def refuse() -> str:
        raise AssertionError("asked")

    found = decide_requirements(command, keep_pins=False, newest_kfp=refuse)

    assert found.installs == (("pandas",),)


@pytest.mark.parametrize(
    "line",
    [
        ("-r", "requirements.txt"),
        ("--requirement=x.txt",),
        ("-e", "."),
        ("-c", "constraints.txt", "pandas"),
        ("./package",),
        ("/components/kfp",),
        ("file:///x.whl",),
        ("git+https://host/kfp@main#subdirectory=sdk",),
        ("kfp @ git+https://host/kfp@refs/pull/1/head",),
        ("pandas", "x @ file:///x"),
        ("--quiet",),
    ],
)
def test_what_changes_without_a_new_name_is_left_to_the_command(line: tuple[str, ...]) -> None:
    found = requirements(line, executor=None)

    assert found == Requirements()


@pytest.mark.parametrize(
    "word",
    [
        "git+https://host/x@0123456789012345678901234567890123456789",
        "x @ https://host/x-1.0-py3-none-any.whl",
        "https://host/x-1.0.tar.gz",
    ],
)
def test_what_has_an_address_of_its_own_is_installed_ahead(word: str) -> None:
    assert requirements((word,), executor=None).installs == ((word,),)

"""pip's options and configuration, told to uv."""

from __future__ import annotations

from pathlib import Path

import pytest

from argosy_engine.environments.pip_options import to_uv_arguments, to_uv_environment, to_uv_flags


@pytest.mark.parametrize(
    ("pip", "uv"),
    [
        (("a", "b>1"), ("a", "b>1")),
        (("--no-deps", "a"), ("--no-deps", "a")),
        (
            ("--index-url", "https://i", "--extra-index-url=https://j", "a"),
            ("--default-index", "https://i", "--index", "https://j", "a"),
        ),
        (("-U", "--pre", "a"), ("--upgrade", "--prerelease", "allow", "a")),
        (("--no-cache-dir", "a"), ("a",)),
        (("--timeout", "9", "--retries=3", "a"), ("a",)),
        (
            ("--trusted-host", "https://pypi.org/simple", "a"),
            ("--allow-insecure-host", "pypi.org", "a"),
        ),
        (("--trusted-host", "h:8080", "a"), ("--allow-insecure-host", "h:8080", "a")),
        (("-f", "https://x", "a"), ("--find-links", "https://x", "a")),
    ],
)
def test_options_have_their_words_in_uv(pip: tuple[str, ...], uv: tuple[str, ...]) -> None:
    assert to_uv_arguments(pip) == uv


def test_what_uv_has_no_word_for_is_left_to_pip() -> None:
    assert to_uv_arguments(("--root-user-action=ignore", "a")) is None


def test_variables_of_pip_are_told(tmp_path: Path) -> None:
    found = to_uv_environment(
        {
            "HOME": str(tmp_path),
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": "https://i/simple",
            "PIP_EXTRA_INDEX_URL": "https://j https://k",
            "PIP_FIND_LINKS": f"{tmp_path} https://l {tmp_path}/none",
            "PIP_TRUSTED_HOST": "i j:80",
            "PIP_CERT": "/ca.pem",
        }
    )

    assert found == {
        "UV_DEFAULT_INDEX": "https://i/simple",
        "UV_INDEX": "https://j https://k",
        "UV_FIND_LINKS": f"{tmp_path},https://l",
        "UV_INSECURE_HOST": "i j:80",
        "SSL_CERT_FILE": "/ca.pem",
    }


@pytest.mark.parametrize(
    ("value", "flags"), [("1", ("--no-index",)), ("true", ("--no-index",)), ("0", ()), ("", ())]
)
def test_that_there_is_no_index_is_told_by_an_option(value: str, flags: tuple[str, ...]) -> None:
    assert to_uv_flags({"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": value}) == flags


def test_what_uv_was_told_itself_goes_before(tmp_path: Path) -> None:
    environment = {
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": "https://i",
        "UV_INDEX_URL": "https://u",
        "PIP_CERT": "/ca.pem",
        "SSL_CERT_FILE": "/other.pem",
    }

    assert to_uv_environment(environment) == {}


def test_files_are_read_the_nearer_one_last_and_variables_after_them(tmp_path: Path) -> None:
    (tmp_path / ".pip").mkdir()
    (tmp_path / ".pip/pip.conf").write_text(
        "[global]\nindex-url = https://far\nextra_index_url =\n  https://a\n  https://b\n"
    )
    (tmp_path / ".config/pip").mkdir(parents=True)
    (tmp_path / ".config/pip/pip.conf").write_text(
        "[global]\nindex-url = https://near\nfind-links = https://l%d\n[install]\ncert = /c.pem\n"
    )
    home = {"HOME": str(tmp_path)}

    expected = {
        "UV_DEFAULT_INDEX": "https://near",
        "UV_INDEX": "https://a https://b",
        "UV_FIND_LINKS": "https://l%d",
        "SSL_CERT_FILE": "/c.pem",
    }
    # This machine may have a file of its own, with more in it.
    assert to_uv_environment(home).items() >= expected.items()
    found = to_uv_environment(home | {"PIP_INDEX_URL": "https://variable"})
    assert found["UV_DEFAULT_INDEX"] == "https://variable"


def test_no_file_is_read_when_pip_is_told_so(tmp_path: Path) -> None:
    (tmp_path / ".pip").mkdir()
    (tmp_path / ".pip/pip.conf").write_text("[global]\nindex-url = https://far\n")

    assert to_uv_environment({"HOME": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}) == {}


def test_a_malformed_file_is_pips_to_complain_about(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("index-url\n")
    environment = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}

    assert "UV_DEFAULT_INDEX" not in to_uv_environment(environment)

"""Keys from the files that AWS's tools share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from argosy_schemas.errors import StoreError
from argosy_store.remote.aws_profile import read_profile_settings
from argosy_store.stores import open_store
from servers import ACCESS_KEY, SECRET_KEY, S3Server

CREDENTIALS = """
[default]
aws_access_key_id = D
aws_secret_access_key = DS

[team]
aws_access_key_id = T
aws_secret_access_key = T%S
aws_session_token = TT
"""

CONFIG = """
[default]
region = eu-west-1

[profile team]
region = eu-north-1
endpoint_url = https://s3.example
"""

DEFAULT = {"access_key_id": "D", "secret_access_key": "DS", "region": "eu-west-1"}
TEAM = {
    "access_key_id": "T",
    "secret_access_key": "T%S",
    "session_token": "TT",
    "region": "eu-north-1",
    "endpoint": "https://s3.example",
}


@pytest.fixture
def home(tmp_path: Path) -> str:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(CREDENTIALS)
    (tmp_path / ".aws/config").write_text(CONFIG)
    return str(tmp_path)


def test_the_default_profile_is_used_where_the_environment_has_nothing(home: str) -> None:
    assert read_profile_settings(None, {"HOME": home}) == DEFAULT


def test_the_environment_names_a_profile(home: str) -> None:
    assert read_profile_settings(None, {"HOME": home, "AWS_PROFILE": "team"}) == TEAM


def test_a_profile_of_the_url_goes_before_keys_of_the_environment(home: str) -> None:
    assert read_profile_settings("team", {"HOME": home, "AWS_ACCESS_KEY_ID": "E"}) == TEAM


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"])
def test_credentials_of_the_environment_go_before_files(home: str, name: str) -> None:
    assert read_profile_settings(None, {"HOME": home, name: "x"}) == {}


def test_a_machine_without_the_files_has_no_settings(tmp_path: Path) -> None:
    assert read_profile_settings(None, {"HOME": str(tmp_path)}) == {}


def test_a_profile_that_is_nowhere_is_an_error_that_names_the_files(home: str) -> None:
    with pytest.raises(StoreError) as caught:
        read_profile_settings("nobody", {"HOME": home})

    assert str(caught.value) == (
        f"the AWS profile 'nobody' is neither in {home}/.aws/config nor in "
        f"{home}/.aws/credentials; add it or name another"
    )


def test_a_malformed_file_is_an_error_that_names_it(home: str) -> None:
    Path(home, ".aws/credentials").write_text("no section\n")

    with pytest.raises(StoreError, match=r"\.aws/credentials: .*; correct the file"):
        read_profile_settings(None, {"HOME": home})


def test_a_bucket_opens_with_the_keys_of_a_file(
    seaweed: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    (tmp_path / "keys").write_text(
        f"[default]\naws_access_key_id={ACCESS_KEY}\naws_secret_access_key={SECRET_KEY}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "keys"))
    store = open_store(seaweed.url("ready"))

    store.put("profile", b"x")

    assert store.get("profile") == b"x"

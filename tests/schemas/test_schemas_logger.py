"""Log records: silent by default, and free where nobody listens."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from argosy_schemas.logger import Logger


def test_a_record_has_name_level_message_and_place(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="argosy")

    Logger("store").info("retry in %.1f s", 0.25)
    Logger("engine.processes").debug("100 %")

    assert [
        (record.name, record.levelname, record.getMessage(), record.pathname)
        for record in caplog.records
    ] == [
        ("argosy.store", "INFO", "retry in 0.2 s", __file__),
        ("argosy.engine.processes", "DEBUG", "100 %", __file__),
    ]


@pytest.mark.parametrize(
    ("before", "printed"),
    [
        pytest.param("", "False", id="without logging, which stays unloaded"),
        pytest.param("import logging", "True", id="with logging that nobody configured"),
    ],
)
def test_without_a_handler_nothing_is_printed(before: str, printed: str) -> None:
    code = (
        f"import sys\n{before}\nfrom argosy_schemas.logger import Logger\n"
        "Logger('store').info('said')\nprint('logging' in sys.modules)"
    )

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (ended.stdout, ended.stderr) == (f"{printed}\n", "")


def test_the_root_has_a_handler_so_that_no_last_resort_prints() -> None:
    Logger("store").debug("said")

    assert [type(one) for one in logging.getLogger("argosy").handlers] == [logging.NullHandler]

"""Options that several commands share."""

from __future__ import annotations

import re
from typing import Any

import click

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


class Size(click.ParamType[int]):
    """A number of bytes, written ``1048576``, ``64M`` or ``64MB``."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the bytes, or fail with how to write them."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+)\s*([KMG]?)I?B?", str(value).upper())
        if match is None:
            self.fail(f"'{value}' is no size; write it like 64M", param, ctx)
        return int(match[1]) * UNITS[match[2]]


max_size = click.option(
    "--max-size",
    "max_size_bytes",
    type=Size(),
    default="64M",
    show_default=True,
    metavar="SIZE",
    help="Refuse larger pipeline files.",
)

"""Write the table of ``docs/kfp-api.md`` from ``tests/service/kfp_api_rows.toml``.

Run it after a change of the rows; a test runs it with ``--check``, which writes nothing and fails
where page, rows and tests do not agree.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "kfp-api.md"
ROWS = ROOT / "tests" / "service" / "kfp_api_rows.toml"
BEGIN = "<!-- rows: scripts/generate_kfp_api_rows.py writes what follows -->\n"
END = "<!-- end of the rows -->\n"

SIGNS = {"yes": "✔", "partly": "◐", "no": "✘"}


def find_test(reference: str) -> tuple[Path, str]:
    """Return the file and the name of a test that a row refers to, e.g. ``runs::test_x``."""
    module, _, name = reference.partition("::")
    folder, _, topic = module.rpartition("/")
    folder = folder or "service"
    return ROOT / "tests" / folder / f"test_{folder}_{topic}.py", name


def render() -> str:
    """Return the page with its table."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + "".join(_render_area(area) for area in load_areas()) + "\n" + END + tail


def load_areas() -> list[Any]:
    """Return the areas, each with its rows."""
    areas: list[Any] = tomllib.loads(ROWS.read_text(encoding="utf-8"))["area"]
    return areas


def _render_area(area: Any) -> str:
    lines = [
        "",
        f"### {area['title']}",
        "",
        "| what a client may expect | | differences | tests |",
        "| --- | --- | --- | --- |",
    ]
    for row in area["row"]:
        tests = "; ".join(_render_test(reference) for reference in row["tests"])
        sign = SIGNS[row.get("served", "yes")]
        lines.append(f"| {row['what']} | {sign} | {row.get('note', '')} | {tests} |")
    return "\n".join(lines) + "\n"


def _render_test(reference: str) -> str:
    file, name = find_test(reference)
    words = name.removeprefix("test_").replace("_", " ")
    return f"[{words}](../{file.relative_to(ROOT).as_posix()})"


def check() -> Sequence[str]:
    """Return what does not agree, one sentence each."""
    problems: list[str] = []
    for row in (row for area in load_areas() for row in area["row"]):
        where = f"the row '{row['what']}'"
        if not row["tests"]:
            problems.append(f"{where} has no test; name one")
        if row.get("served", "yes") != "yes" and not row.get("note"):
            problems.append(f"{where} does not say what differs; give it a note")
        for reference in row["tests"]:
            file, name = find_test(reference)
            if not file.exists() or name not in _list_functions(file):
                problems.append(f"{where} names the test '{reference}', which is not there")
    if render() != PAGE.read_text(encoding="utf-8"):
        problems.append(f"{PAGE.name} has other rows; run scripts/{Path(__file__).name}")
    return problems


@cache
def _list_functions(file: Path) -> frozenset[str]:
    nodes = ast.parse(file.read_text(encoding="utf-8")).body
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef))


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        found = check()
        print(*found, sep="\n", end="\n" if found else "")
        sys.exit(1 if found else 0)
    PAGE.write_text(render(), encoding="utf-8")

"""The pages name files and pages that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md"))
    if page.name != "CHANGELOG.md"
)
_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    targets = _LINK.findall(page.read_text())

    missing = [target for target in targets if not (page.parent / target).exists()]

    assert missing == []


def test_the_onboarding_page_names_every_room() -> None:
    text = (ROOT / "docs" / "contributing" / "onboarding.md").read_text()

    rooms = {path.parents[1].name for path in ROOT.glob("*/argosy*/__init__.py")}

    assert {room for room in rooms if f"../../{room}/" not in text} == set()

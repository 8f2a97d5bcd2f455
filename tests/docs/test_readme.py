"""What the README promises beyond that its blocks run (`test_pages.py`) and its names exist."""

from __future__ import annotations

import re

from tests.docs.blocks import ROOT, blocks_of, commands_of, text_of
from tests.docs.words import makes

README = "README.md"


def test_the_first_app_has_twelve_lines() -> None:
    [first] = [each.text for each in blocks_of(README) if each.text.startswith("# hello.py")]
    lines = [line for line in first.splitlines() if not line.startswith("#")]
    assert len(lines) <= 12


def test_the_first_five_minutes_serve_and_fetch() -> None:
    blocks = [block for block in blocks_of(README) if block.language == "console"]
    said = {each.text: each.output for block in blocks for each in commands_of(block)}
    assert "h3producer hello:app" in said
    assert said["h3producer get https://localhost:4433/"] == "Hello over HTTP/3!\n"


def test_a_newcomer_has_two_commands() -> None:
    assert {"serve", "test"} <= makes(text_of(README))


def test_every_link_leads_to_a_file() -> None:
    links = set(re.findall(r"\]\((?!https?://|#)([^)#]+)", text_of(README)))
    assert [link for link in sorted(links) if not (ROOT / link).exists()] == []

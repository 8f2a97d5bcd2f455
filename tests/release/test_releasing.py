"""The page of releases: its commands exist, and its table of licences is what is installed."""

from __future__ import annotations

import pytest

from tests.docs.blocks import blocks_of, commands_of
from tests.release.distributions import ROOT
from tests.release.licences import (
    COMPATIBLE,
    EXTRAS,
    TABLE,
    compatible,
    installed,
    licence_of,
)

pytestmark = pytest.mark.once

PAGE = (ROOT / "docs" / "release.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def test_each_command_of_the_page_is_a_target_and_explained() -> None:
    (block,) = blocks_of("docs/release.md")
    for command in commands_of(block):
        program, target = command.text.split()
        assert program == "make"
        assert f"\n{target}:" in MAKEFILE
        assert f"| `{command.text}` |" in PAGE


def test_everything_that_is_installed_has_a_licence_that_goes_with_ours() -> None:
    said = {name: licence_of(package) for name, package in installed().items()}
    assert {name: each for name, each in said.items() if not compatible(each)} == {}


def test_the_page_lists_what_is_installed() -> None:
    listed = {line.split("|")[1].strip() for line in TABLE.of(PAGE).splitlines()[2:]}
    assert set(installed()) <= listed, "Run python -m tests.release.licences --write."


def test_the_list_of_what_is_installed_has_the_extras_for_serving() -> None:
    (line,) = (line for line in MAKEFILE.splitlines() if line.startswith("SERVING_EXTRAS"))
    assert tuple(line.partition(":=")[2].strip().split(",")) == EXTRAS
    assert f"h3producer[{','.join(EXTRAS)}]" in PAGE


@pytest.mark.parametrize("expression", ["MIT", "Apache-2.0 OR BSD-3-Clause", "MIT AND PSF-2.0"])
def test_a_licence_that_goes_with_ours_is_known_as_such(expression: str) -> None:
    assert compatible(expression)


@pytest.mark.parametrize("expression", ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "whatever"])
def test_one_that_does_not_or_is_unknown_is_not(expression: str) -> None:
    assert not compatible(expression)
    assert expression not in COMPATIBLE

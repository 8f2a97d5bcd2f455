"""The tables of flags have each flag of the other servers, and name no option that we have not."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from h3producer.cli.options import SERVE_OPTIONS
from tests.docs.blocks import text_of
from tests.docs.peers import PEERS, installed_version

TEXT = text_of("docs/migration.md")
OURS = {name for each in SERVE_OPTIONS for name in (*each.opts, *each.secondary_opts)} | {
    "--version",
    "--help",
}


class Row(NamedTuple):
    """What a table says of one flag."""

    theirs: str
    ours: str
    why: str


def rows_of(peer: str) -> list[Row]:
    """A server's table."""
    section = TEXT.partition(f"\n## From {peer}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| `(\S+)` \| (.*?) \| ?(.*?) ?\|$", section, re.MULTILINE)
    return [Row(*found) for found in cells]


def options_in(row: Row) -> set[str]:
    """The options of ours that a row names."""
    named = re.findall(r"(?<!\S)`(--[a-z][a-z0-9-]+)", f"{row.ours} {row.why}")
    return {*named, *([row.theirs] if row.ours == "same" else [])}


pytestmark = pytest.mark.parametrize("peer", PEERS)


def test_no_flag_of_another_server_is_missing(peer: str) -> None:
    distribution, ask = PEERS[peer]
    version = installed_version(distribution)
    if version is None:
        pytest.skip(f"{distribution} is not installed.")
    assert f"\n{peer} {version}" in TEXT, f"The page is not about {peer} {version}."
    theirs = {name for name in ask() if name.startswith("--")} - {"--help"}
    assert {row.theirs for row in rows_of(peer)} == theirs


def test_no_flag_is_there_twice(peer: str) -> None:
    named = [row.theirs for row in rows_of(peer)]
    assert len(named) == len(set(named)) > 0


def test_every_option_of_ours_exists(peer: str) -> None:
    named = {option for row in rows_of(peer) for option in options_in(row)}
    assert named - OURS == set()


def test_what_is_not_there_says_why(peer: str) -> None:
    assert [row.theirs for row in rows_of(peer) if row.ours == "–" and not row.why] == []


EXCEPTIONS = {("Hypercorn", "--access-log")}
"""The same name for something else."""


def test_what_has_the_same_name_is_the_same(peer: str) -> None:
    others = [row for row in rows_of(peer) if row.ours != "same"]
    assert {(peer, row.theirs) for row in others if row.theirs in OURS} <= EXCEPTIONS

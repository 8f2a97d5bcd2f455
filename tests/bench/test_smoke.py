"""Each benchmark with minimal sizes, so that none of them rots; the figures mean nothing here.

What is a promise at any size is checked all the same. Other servers are left out: only
`make bench` installs them. The comparison with them has a file of its own, `test_speed.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from h3producer.config import Config
from tests.bench import hot_functions, leak, response_memory, upload_memory
from tests.bench.content import CHUNK, chunks, digest_of
from tests.bench.report import Report, Table, write_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_response_that_nobody_reads_is_held_within_its_bound() -> None:
    (table,) = response_memory.run(quick=True).tables
    (row,) = table.rows
    assert _number(row[3]) <= response_memory.target()
    assert row[-1] == "4 of 4"


def test_an_upload_that_nobody_reads_stops_at_the_window() -> None:
    unread, slow = upload_memory.run(quick=True).tables
    assert unread.rows[0][1] == f"{Config().request_buffer:,}"
    assert unread.rows[0][3:] == ("answered", "all arrived")
    assert slow.rows[0][1] == "whole, by SHA-256"


def test_requests_leave_nothing_behind() -> None:
    (table,) = leak.run(quick=True).tables
    assert [row[2] for row in table.rows] == ["none"] * len(leak.CASES)


class Once:
    """A benchmark fixture that does all of it a single time, and measures nothing."""

    def __init__(self) -> None:
        self.extra_info: dict[str, Any] = {}

    def __call__(self, function: Callable[[], object]) -> None:
        function()

    def pedantic(
        self, target: Callable[..., object], *, setup: Callable[[], Any], rounds: int
    ) -> None:
        arguments, _ = setup() or ((), {})
        target(*arguments)


@pytest.mark.parametrize("name", hot_functions.FUNCTIONS)
def test_each_hot_function_runs(name: str) -> None:
    hot_functions.test_function(name, Once())


@pytest.mark.parametrize("name", hot_functions.HANDLERS)
def test_the_core_answers_a_batch(name: str) -> None:
    hot_functions.test_core(name, Once())


@pytest.mark.parametrize(
    "step",
    [
        hot_functions.test_engine_receives_requests,
        hot_functions.test_engine_sends_small_responses,
        hot_functions.test_engine_sends_full_datagrams,
        hot_functions.test_engine_receives_acknowledgements,
        hot_functions.test_engine_receives_full_datagrams,
    ],
)
def test_the_engine_takes_each_step(step: Callable[[Once], None]) -> None:
    step(Once())


def test_a_section_replaces_the_one_before_it_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "results.md"
    for name, cell in (("one", "a"), ("two", "b"), ("one", "c")):
        write_report(Report(name, [Table("t", ["x"], [[cell]])]), "command", path)
    text = path.read_text(encoding="utf-8")
    assert [text.count(f"| {cell} |") for cell in "abc"] == [0, 1, 1]
    assert text.index("## one") < text.index("## two")


def test_a_body_has_its_length_and_no_two_pieces_alike() -> None:
    pieces = list(chunks(2 * CHUNK + 5))
    assert [len(piece) for piece in pieces] == [CHUNK, CHUNK, 5]
    assert pieces[0] != pieces[1]
    assert digest_of(CHUNK) != digest_of(CHUNK + 1)


def _number(cell: object) -> int:
    return int(str(cell).replace(",", ""))

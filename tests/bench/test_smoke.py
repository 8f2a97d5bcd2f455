"""Each benchmark with minimal sizes, so that none of them rots; the figures mean nothing here.

What is a promise at any size is checked all the same. Other servers are left out: only
`make bench` installs them. The comparison with them has a file of its own, `test_speed.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.config import Config
from tests.bench import leak, micro, response_memory, upload_memory
from tests.bench.content import CHUNK, chunks, digest_of
from tests.bench.report import Report, Table, write_report

if TYPE_CHECKING:
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


def test_micro_has_a_figure_for_each_function() -> None:
    (table,) = micro.run(quick=True).tables
    assert all(float(str(row[1])) > 0 for row in table.rows)


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

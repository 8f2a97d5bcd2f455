"""The table, as a terminal of a given size shows it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from h3producer.top.rows import view
from h3producer.top.table import render
from tests.top.facts import answer, connection, stream

if TYPE_CHECKING:
    from h3producer.observe.connections import ConnectionsAnswer

rich_console = pytest.importorskip("rich.console", reason="rich is not installed")

STALLED = connection(
    "a", stream(0, paused=True), stream(4, target="/page", unsent=0, unacked=0), worker=3
)


def lines(
    now: ConnectionsAnswer,
    before: ConnectionsAnswer | None = None,
    *,
    width: int = 120,
    height: int | None = None,
    streams: bool = True,
    trouble: str = "",
) -> list[str]:
    """What is on the screen."""
    console = rich_console.Console(width=width, file=io.StringIO(), color_system=None)
    shown = view(now, before, "unsent")
    console.print(
        render(shown, "here", sort="unsent", streams=streams, size=(width, height), trouble=trouble)
    )
    return [each.rstrip() for each in console.file.getvalue().splitlines()]


def test_a_writer_that_waits_is_seen() -> None:
    headline, head, _, peer, waiting, other, *_ = lines(answer(STALLED))
    assert "1 connection, 2 requests, 1 paused" in headline
    assert head.split()[:4] == ["peer", "/", "request", "worker"]
    assert peer.split() == [
        "192.0.2.1:50000",
        "3",
        "1m15",
        "20.4",
        "117K",
        "49K",
        "20K",
        "paused",
        "–",
        "–",
    ]
    assert waiting.split() == ["0", "200", "GET", "/big", "49K", "20K", "paused", "–"]
    assert "paused" not in other


def test_rates_go_both_ways() -> None:
    before = answer(connection("a", sent=0, received=0), time=100.0)
    now = answer(connection("a", sent=2048, received=1024), time=101.0)
    shown = lines(now, before)
    assert shown[3].split()[-2:] == ["2.0K/s", "1.0K/s"]
    assert "↑ 2.0K/s  ↓ 1.0K/s" in shown[0]


def test_streams_can_be_hidden() -> None:
    assert not any("/big" in each for each in lines(answer(STALLED), streams=False))


def test_a_connection_says_if_it_is_not_simply_open() -> None:
    facts = connection("a", phase="closing", early=True)
    assert any("closing early" in each for each in lines(answer(facts)))


def test_a_stream_of_an_unknown_request_is_shown_by_its_number() -> None:
    facts = connection("a", stream(3, method=None, target=None, status=None))
    assert any(each.split()[:2] == ["3", "–"] for each in lines(answer(facts)))


@pytest.mark.parametrize("height", [8, 12, 24])
def test_a_screen_is_filled_and_no_more(height: int) -> None:
    many = [connection(f"{number:02}", stream(), stream(4)) for number in range(30)]
    shown = lines(answer(*many), height=height)
    assert len(shown) <= height
    assert any("more connections" in each for each in shown)


def test_what_the_server_left_out_is_counted() -> None:
    shown = lines(answer(connection("a", streams_left_out=7), left_out=5))
    assert shown[-1] == "… and 5 more connections, 7 more streams"
    assert "6 connections" in shown[0]


@pytest.mark.parametrize("width", [50, 60, 80, 90, 100])
def test_a_narrow_terminal_keeps_who_is_there_and_what_waits(width: int) -> None:
    facts = connection("a", stream(target="/" + "x" * 200, paused=True), worker=3)
    shown = lines(answer(facts), width=width)
    assert all(len(each) <= width for each in shown)
    assert any("192.0.2.1:50000" in each and "49K" in each for each in shown)
    assert any("0 200 GET /x" in each and "paused" in each for each in shown)


def test_columns_give_way_one_by_one() -> None:
    heads = [lines(answer(STALLED), width=width)[1].split() for width in (120, 88, 64)]
    assert heads[0][3:] == [
        *("worker", "age", "rtt", "ms", "window", "lost"),
        *("unsent", "unacked", "paused", "↑", "↓"),
    ]
    assert heads[1][3:] == ["age", "rtt", "ms", "lost", "unsent", "unacked", "paused", "↑"]
    assert heads[2][3:] == ["rtt", "ms", "unsent", "paused", "↑"]


def test_without_workers_there_is_no_column_for_them() -> None:
    assert "worker" not in lines(answer(connection("a")))[1]


def test_a_server_that_went_is_a_line() -> None:
    shown = lines(answer(STALLED), height=24, trouble="Nobody answers on here.")
    assert "Nobody answers on here." in shown


def test_keys_stand_in_the_last_line() -> None:
    assert lines(answer(STALLED), height=24)[-1].split()[:2] == ["u", "unsent"]

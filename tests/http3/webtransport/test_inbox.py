"""In which order an application hears what happens."""

from __future__ import annotations

import asyncio

from h3producer.http3.webtransport.events import DatagramReceived, SessionClosed, SessionDraining
from h3producer.http3.webtransport.inbox import Inbox
from tests.http3.harness import run_now


def opened() -> Inbox:
    inbox = Inbox()
    inbox.open()
    return inbox


def test_events_are_told_in_their_order() -> None:
    inbox = opened()
    inbox.tell(SessionDraining())
    inbox.tell(DatagramReceived(b"1"))
    assert run_now(inbox.receive()) == SessionDraining()
    assert run_now(inbox.receive()) == DatagramReceived(b"1")


def test_who_has_nothing_to_tell_any_more_is_passed_over() -> None:
    inbox = opened()
    inbox.line_up(lambda: None)
    inbox.tell(SessionDraining())
    assert run_now(inbox.receive()) == SessionDraining()


def test_the_end_is_told_behind_everything_and_the_first_end_stands() -> None:
    inbox = opened()
    inbox.tell(SessionDraining())
    inbox.close(SessionClosed(7, "bye"))
    inbox.close(SessionClosed(8, "again"))
    assert run_now(inbox.receive()) == SessionDraining()
    assert run_now(inbox.receive()) == SessionClosed(7, "bye")


def test_before_it_is_open_only_the_end_is_told() -> None:
    inbox = Inbox()
    inbox.tell(SessionDraining())
    inbox.close(SessionClosed(None, ""))
    assert run_now(inbox.receive()) == SessionClosed(None, "")


async def test_who_waits_is_woken() -> None:
    inbox = opened()
    waiting = asyncio.create_task(inbox.receive())
    await asyncio.sleep(0)
    inbox.line_up(lambda: None)
    await asyncio.sleep(0)
    inbox.tell(SessionDraining())
    assert await waiting == SessionDraining()


def test_who_stands_in_line_stands_there_once() -> None:
    inbox = opened()
    told: list[int] = []

    def teller() -> SessionDraining:
        told.append(1)
        return SessionDraining()

    inbox.line_up(teller)
    inbox.line_up(teller)
    inbox.close(SessionClosed(None, ""))
    assert run_now(inbox.receive()) == SessionDraining()
    assert run_now(inbox.receive()) == SessionClosed(None, "")
    assert told == [1]


def test_who_leaves_the_line_is_not_asked() -> None:
    inbox = opened()
    inbox.line_up(SessionDraining)
    inbox.step_out(SessionDraining)
    inbox.step_out(SessionDraining)  # who does not stand there
    inbox.close(SessionClosed(7, ""))
    assert run_now(inbox.receive()) == SessionClosed(7, "")

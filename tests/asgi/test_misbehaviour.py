"""Every way an application can misbehave, and what the client sees: the table of `asgi/http.py`.

The table in the docstring is the oracle. Each of its rows has an application here, which runs
over the real core; a row without an application fails, and so does an application without a row.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from h3producer.asgi import http
from h3producer.errors import LocalProtocolError
from tests.asgi.exchange import END, PART, START, TRAILERS, Exchange, body, start
from tests.asgi.misbehaviour import Misbehaviour, Row, watched

if TYPE_CHECKING:
    from h3producer.asgi.types import Message, Receive, Scope, Send

ANNOUNCED = {**START, "trailers": True}
TE = [(b"te", b"trailers")]

MISBEHAVIOUR = Misbehaviour(http.__doc__)
case, leaves, sends = MISBEHAVIOUR.case, MISBEHAVIOUR.leaves, MISBEHAVIOUR.sends


class Odd(BaseException):
    """Not an Exception, as some test tools and schedulers have them."""


def file(path: object, **headers: str) -> tuple[dict[str, object], dict[str, object]]:
    return start(200, **headers), {"type": "http.response.pathsend", "path": path}


leaves("raises before the start", KeyError("x"))
leaves("raises after the start", KeyError("x"), START)
leaves("raises after a part of the body", KeyError("x"), START, PART)
leaves("raises after the end", KeyError("x"), START, END)
leaves("raises SystemExit", SystemExit(3))
leaves("raises SystemExit after a part of the body", SystemExit(3), START, PART)
leaves("raises CancelledError that nobody asked for", asyncio.CancelledError())
leaves("raises an exception that is no Exception", Odd())
leaves("returns without a start", None)
leaves("returns after the start", None, START)
leaves("returns after a part of the body", None, START, PART)
leaves("returns without the trailers it announced", None, ANNOUNCED, END)


@case("cancels itself")
async def cancels_itself(scope: Scope, receive: Receive, send: Send) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


@case("is no coroutine function")
def no_coroutine_function(scope: Scope, receive: Receive, send: Send) -> Any:
    return None


@case("returns a value")
async def returns_a_value(scope: Scope, receive: Receive, send: Send) -> Any:
    await send(START)
    await send(END)
    return "a value"


@case("receives twice at once")
async def receives_twice(scope: Scope, receive: Receive, send: Send) -> None:
    first = asyncio.ensure_future(receive())
    await asyncio.sleep(0)
    try:
        await receive()
    finally:
        first.cancel()


@case("sends a file longer than its content-length, in parts")
async def sends_too_long_a_file(scope: Scope, receive: Receive, send: Send) -> None:
    with tempfile.NamedTemporaryFile() as large:
        large.write(bytes(200_000))
        large.flush()
        for message in file(large.name, content_length="100000"):
            await send(message)


sends("sends no dictionary", None)
sends("sends a message without a type", {})
sends("sends a message of an unknown type", {"type": "http.response.push", "path": "/"})
sends("sends a start without a status", {"type": "http.response.start"})
sends("sends a status that is no integer", {"type": "http.response.start", "status": "200"})
sends("sends a status of 1xx", start(103))
sends("sends a second start", START, START)
sends("sends a second start after a part of the body", START, PART, START)
sends("sends headers that are no pairs", {**START, "headers": [b"hi"]})
sends("sends headers that are not bytes", {**START, "headers": [("name", "value")]})
sends("sends a header with a line break", start(name="a\r\nb: c"))
sends("sends a body before the start", END)
sends("sends a body that is not bytes", START, {**END, "body": "text"})
sends(
    "sends a body that is not bytes after a part of the body", START, PART, {**END, "body": "text"}
)
sends("sends a body with status 204", start(204), END)
sends("sends more than its content-length", start(content_length="2"), END)
sends("sends more than its content-length, in parts", start(content_length="5"), PART, END)
sends("sends less than its content-length", start(content_length="4"), END)
sends("sends less than its content-length, in parts", start(content_length="8"), PART, END)
sends("sends a body after the end", START, END, END)
sends("sends a start after the end", START, END, START)
sends("sends trailers that it did not announce", START, TRAILERS)
sends("sends trailers before the end of the body", ANNOUNCED, PART, TRAILERS)
sends("sends trailers that are no pairs", ANNOUNCED, END, {**TRAILERS, "headers": [b"name"]})
sends(
    "sends a trailer with a line break", ANNOUNCED, END, {**TRAILERS, "headers": [(b"a", b"\r\n")]}
)
sends("sends a body instead of the trailers", ANNOUNCED, END, END)
sends("sends a file that does not exist", *file("/does/not/exist"))
sends("sends a file that is a directory", *file("/"))
sends("sends a file without a path", *file(None))
sends("sends a file before the start", file(__file__)[1])
sends("sends a file after a part of the body", START, PART, file(__file__)[1])
sends("sends a file longer than its content-length", *file(__file__, content_length="3"))
sends("sends a file shorter than its content-length", *file(__file__, content_length="999999"))
sends(
    "sends early hints that are not bytes", {"type": "http.response.early_hint", "links": ["<a>"]}
)


SEEN = {"500": "500", "reset": "reset 0x102", "the response": "200"}
NOT_LOGGED = {"returns a value", "cancels itself"}


def test_each_row_of_the_table_has_an_application_and_each_application_a_row() -> None:
    assert sorted(row.application for row in MISBEHAVIOUR.rows) == sorted(MISBEHAVIOUR.applications)


@pytest.mark.parametrize("row", MISBEHAVIOUR.rows, ids=lambda row: row.application)
async def test_misbehaviour(row: Row, caplog: pytest.LogCaptureFixture) -> None:
    application, raises, client = row
    raised: list[Exception] = []
    waits = application == "receives twice at once"
    exchange = Exchange(
        watched(MISBEHAVIOUR.applications[application], raised), headers=TE, end=not waits
    )
    await exchange.finished()
    assert exchange.outcome == SEEN[client]
    assert len(raised) == raises
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.name for record in errors] == ["h3producer.error"] * (
        application not in NOT_LOGGED
    )
    assert all(record.exc_info for record in errors)


async def test_an_error_response_is_whole_and_says_nothing_of_the_application() -> None:
    exchange = await Exchange(MISBEHAVIOUR.applications["sends a body with status 204"]).finished()
    assert exchange.body == b"Internal Server Error"
    assert exchange.headers == [(b"content-type", b"text/plain; charset=utf-8")]


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ([END], [START, END]),
        ([{"type": "http.response.start", "status": 99}], [START, END]),
        ([start(name="a\nb")], [START, END]),
        ([START, START], [END]),
        ([START, {**END, "body": "text"}], [END]),
        ([start(content_length="3"), body(b"four")], [END]),
        ([start(content_length="3"), body(b"")], [END]),
        ([START, file("/does/not/exist")[1]], [END]),
        ([START, TRAILERS], [END]),
    ],
)
async def test_an_application_that_catches_the_error_may_go_on(
    bad: list[Message], good: list[Message]
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in bad[:-1]:
            await send(message)
        with pytest.raises(LocalProtocolError):
            await send(bad[-1])
        for message in good:
            await send(message)

    exchange = await Exchange(app).finished()
    assert (exchange.outcome, exchange.body) == ("200", b"end")


async def test_a_keyboard_interrupt_is_the_users_and_goes_on() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise KeyboardInterrupt

    exchange = Exchange(MISBEHAVIOUR.applications["returns a value"])
    with pytest.raises(KeyboardInterrupt):
        http.HttpCycle(exchange.connection.streams[0]).run(app, {}).send(None)
    await exchange.finished()

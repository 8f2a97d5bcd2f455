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

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.asgi.types import AsgiApp, Message, Receive, Scope, Send

ANNOUNCED = {**START, "trailers": True}
TE = [(b"te", b"trailers")]

APPS: dict[str, AsgiApp] = {}


def case(name: str) -> Callable[[AsgiApp], AsgiApp]:
    def register(app: AsgiApp) -> AsgiApp:
        APPS[name] = app
        return app

    return register


def sends(name: str, *messages: Any) -> None:
    """An application that sends messages, one after the other, and lets errors pass."""

    @case(f"sends {name}")
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)


def leaves(name: str, error: BaseException | None, *messages: Message) -> None:
    """An application that sends messages and then raises, or returns."""

    @case(name)
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        if error is not None:
            raise error


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


sends("no dictionary", None)
sends("a message without a type", {})
sends("a message of an unknown type", {"type": "http.response.push", "path": "/"})
sends("a start without a status", {"type": "http.response.start"})
sends("a status that is no integer", {"type": "http.response.start", "status": "200"})
sends("a status of 1xx", start(103))
sends("a second start", START, START)
sends("a second start after a part of the body", START, PART, START)
sends("headers that are no pairs", {**START, "headers": [b"hi"]})
sends("headers that are not bytes", {**START, "headers": [("name", "value")]})
sends("a header with a line break", start(name="a\r\nb: c"))
sends("a body before the start", END)
sends("a body that is not bytes", START, {**END, "body": "text"})
sends("a body that is not bytes after a part of the body", START, PART, {**END, "body": "text"})
sends("a body with status 204", start(204), END)
sends("more than its content-length", start(content_length="2"), END)
sends("more than its content-length, in parts", start(content_length="5"), PART, END)
sends("less than its content-length", start(content_length="4"), END)
sends("less than its content-length, in parts", start(content_length="8"), PART, END)
sends("a body after the end", START, END, END)
sends("a start after the end", START, END, START)
sends("trailers that it did not announce", START, TRAILERS)
sends("trailers before the end of the body", ANNOUNCED, PART, TRAILERS)
sends("trailers that are no pairs", ANNOUNCED, END, {**TRAILERS, "headers": [b"name"]})
sends("a trailer with a line break", ANNOUNCED, END, {**TRAILERS, "headers": [(b"a", b"\r\n")]})
sends("a body instead of the trailers", ANNOUNCED, END, END)
sends("a file that does not exist", *file("/does/not/exist"))
sends("a file that is a directory", *file("/"))
sends("a file without a path", *file(None))
sends("a file before the start", file(__file__)[1])
sends("a file after a part of the body", START, PART, file(__file__)[1])
sends("a file longer than its content-length", *file(__file__, content_length="3"))
sends("a file shorter than its content-length", *file(__file__, content_length="999999"))
sends("early hints that are not bytes", {"type": "http.response.early_hint", "links": ["<a>"]})


def rows() -> list[tuple[str, str, str]]:
    """The rows of the second table in the module's docstring: application, call, client."""
    assert http.__doc__ is not None
    lines = http.__doc__.splitlines()
    ruler = next(line for line in lines if line.startswith("=" * 56))
    first, heading, last = (n for n, line in enumerate(lines) if line == ruler)
    assert heading == first + 2
    widths = [len(column) for column in ruler.split(" ")]
    call, client = widths[0] + 1, widths[0] + widths[1] + 2
    return [
        (line[:call].strip(), line[call:client].strip(), line[client:].strip())
        for line in lines[heading + 1 : last]
    ]


def watched(app: AsgiApp, raised: list[BaseException]) -> AsgiApp:
    """The application, with what its calls raise written down."""

    async def wrapper(scope: Scope, receive: Receive, send: Send) -> None:
        async def watched_send(message: Message) -> None:
            try:
                await send(message)
            except Exception as error:
                raised.append(error)
                raise

        async def watched_receive() -> dict[str, Any]:
            try:
                return await receive()
            except Exception as error:
                raised.append(error)
                raise

        await app(scope, watched_receive, watched_send)

    return wrapper


SEEN = {"500": "500", "reset": "reset 0x102", "the response": "200"}
NOT_LOGGED = {"returns a value", "cancels itself"}


def test_each_row_of_the_table_has_an_application_and_each_application_a_row() -> None:
    assert sorted(application for application, _, _ in rows()) == sorted(APPS)


@pytest.mark.parametrize(("application", "call", "client"), rows(), ids=lambda text: text or "-")
async def test_misbehaviour(
    application: str, call: str, client: str, caplog: pytest.LogCaptureFixture
) -> None:
    raised: list[BaseException] = []
    waits = application == "receives twice at once"
    exchange = Exchange(watched(APPS[application], raised), headers=TE, end=not waits)
    await exchange.finished()
    assert exchange.outcome == SEEN[client]
    assert ["raises"] * len(raised) == [call] * bool(call)
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.name for record in errors] == ["h3producer.error"] * (
        application not in NOT_LOGGED
    )
    assert all(record.exc_info for record in errors)


async def test_an_error_response_is_whole_and_says_nothing_of_the_application() -> None:
    exchange = await Exchange(APPS["sends a body with status 204"]).finished()
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

    exchange = Exchange(APPS["returns a value"])
    with pytest.raises(KeyboardInterrupt):
        http.HttpCycle(exchange.connection.streams[0]).run(app, {}).send(None)
    await exchange.finished()

"""Any application → what it was told it sent, a 500, or a reset; never a hang, never a lie.

Covers `asgi/` over the real core: any messages in any order, several at once, with any contents;
applications that let errors pass or go on, that raise, return, cancel themselves or leave tasks
behind; a client that uploads, stalls, stops and goes.

The account: a `send()` that returned is on the wire, one that raised is not. So a response that
was accepted to its end is whole, whatever the application does later; one that was not is a 500
if nothing had left, and a reset with H3_INTERNAL_ERROR otherwise. Allowed out of `send()`:
LocalProtocolError and, once the exchange is cut, OSError.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from h3producer.errors import ErrorCode, LocalProtocolError
from h3producer.wire.frames import FrameType
from tests.asgi.exchange import Exchange
from tests.fuzz.choices import Choices, chunk
from tests.fuzz.messages import BODY, END, HINT, PATH, START, TRAILERS, content, message
from tests.fuzz.targets.request_fields import check_fields
from tests.fuzz.world import play
from tests.http3.harness import is_legal, kind_of
from tests.virtual import settle

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send

__all__ = ["SEEDS", "fuzz"]

MAX_STEPS = 24

SEND, SEND_CAREFULLY, SEND_BESIDE, RECEIVE, PASS, LEAVE = range(6)
RETURN, RAISE, EXIT, CANCELED, CANCEL, ODD = range(6)
UPLOAD, FINISH, BLOCK, UNBLOCK, RESET, STOP, LOSE, WAIT = range(8)

METHODS = ("GET", "HEAD", "POST")
RESET_BY_US = f"reset {ErrorCode.H3_INTERNAL_ERROR:#x}"


def app(*steps: bytes, client: bytes = b"", method: int = 0, te: int = 0) -> bytes:
    return bytes((method, te)) + chunk(client) + b"".join(steps)


def send(kind: int, *choices: int, how: int = SEND) -> bytes:
    return bytes((how, kind, *choices))


OK = send(START, 0, 0, 0, 0, 0)
LEAVES = [bytes((LEAVE, how)) for how in range(6)]

SEEDS = {
    "a page": app(OK, send(BODY, 0, 0), send(END, 0)),
    "HEAD": app(OK, send(BODY, 0, 0), send(END, 0), method=1),
    "204": app(send(START, 2, 0, 0, 0, 0), send(END, 1)),
    "204 with content": app(send(START, 2, 0, 0, 0, 0), send(END, 0)),
    "too much": app(send(START, 0, 1, 0, 0, 0), send(BODY, 0, 0), send(END, 0)),
    "too little": app(send(START, 0, 2, 0, 0, 0), send(BODY, 0, 0), send(END, 1)),
    "trailers": app(send(START, 0, 0, 0, 0, 1), send(END, 0), send(TRAILERS, 0, 0), te=1),
    "trailers that nobody wants": app(
        send(START, 0, 0, 0, 0, 1), send(END, 0), send(TRAILERS, 0, 0)
    ),
    "a file": app(OK, send(PATH, 0)),
    "a file that is none": app(OK, send(PATH, 1, how=SEND_CAREFULLY), send(END, 0)),
    "hints": app(send(HINT, 0), OK, send(HINT, 0), send(END, 0)),
    "a large body, slowly": app(
        OK, send(BODY, 2, 0), send(END, 2), client=bytes((BLOCK, UNBLOCK, BLOCK))
    ),
    "an upload": app(
        *(bytes((RECEIVE, 3)),) * 3, OK, send(END, 0), client=bytes((UPLOAD, FINISH)), method=2
    ),
    "the client goes": app(
        OK, send(BODY, 2, 0), send(BODY, 2, 0), send(END, 0), client=bytes((BLOCK, RESET))
    ),
    "the client stops": app(
        OK, send(BODY, 2, 0), bytes((PASS, 0)), send(END, 0), client=bytes((BLOCK, STOP))
    ),
    "the connection is lost": app(OK, send(BODY, 2, 0), send(END, 0), client=bytes((BLOCK, LOSE))),
    "all at once": app(
        OK, send(BODY, 2, 0, how=SEND_BESIDE), send(END, 0, how=SEND_BESIDE), LEAVES[RETURN]
    ),
    "goes on": app(send(BODY, 0, 0, how=SEND_CAREFULLY), OK, send(7, 5, how=SEND_CAREFULLY)),
    **{f"leaves at once, {number}": app(leave) for number, leave in enumerate(LEAVES)},
    **{
        f"leaves late, {number}": app(OK, send(BODY, 0, 0), leave)
        for number, leave in enumerate(LEAVES)
    },
    **{
        f"leaves after the end, {number}": app(OK, send(END, 0), leave)
        for number, leave in enumerate(LEAVES)
    },
}


class OddError(BaseException):
    """Not an Exception."""


def fuzz(data: bytes) -> None:
    trial = Trial(Choices(data))
    records = [record for record in play(trial.run()) if record.levelno >= logging.ERROR]
    assert len(records) <= 1, f"One fault is logged once, not {len(records)} times."
    if trial.is_complete and not trial.has_raised:
        assert not records, f"The log says: {records[0].getMessage()}"


class Trial:
    """One exchange: the application, the client, and what was accepted."""

    def __init__(self, choices: Choices) -> None:
        self.method = choices.pick(METHODS)
        self.wants_trailers = choices.flag()
        self.client = Choices(choices.chunk())
        self.choices = choices
        self.accepted: list[dict[str, Any]] = []
        self.received = b""
        self.uploaded = b""
        self.surprise: Exception | None = None
        self.beside: list[asyncio.Task[None]] = []
        self.has_raised = self.may_be_cut = self.client_has_gone = self.has_finished = False

    async def run(self) -> None:
        fields = [(b"te", b"trailers")] if self.wants_trailers else []
        self.exchange = Exchange(
            self.app, method=self.method, headers=fields, end=self.method != "POST"
        )
        while self.client and self.exchange.connection.streams:
            self.act(self.client.below(8))
            await settle()
        await self.leave()
        if self.surprise is not None:
            raise self.surprise
        self.check_wire()
        if not self.client_has_gone:
            self.check_account()
        assert self.uploaded.startswith(self.received)

    # The application

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(MAX_STEPS):
            if not self.choices:
                break
            kind = self.choices.below(6)
            if kind == SEND:
                await self.send(send, message(self.choices))
            elif kind == SEND_CAREFULLY:
                try:
                    await self.send(send, message(self.choices))
                except (LocalProtocolError, OSError):
                    pass
            elif kind == SEND_BESIDE:
                task = asyncio.create_task(self.send(send, message(self.choices)))
                self.beside.append(task)
            elif kind == RECEIVE:
                await self.receive(receive, self.choices.below(6))
            elif kind == PASS:
                await asyncio.sleep(0)
            else:
                self.left_by(self.choices.below(6))
                return

    async def send(self, send: Send, sent: dict[str, Any]) -> None:
        try:
            await send(sent)
        except (LocalProtocolError, OSError) as error:
            self.has_raised = True
            # Cut by its own application, which left, a message may have come half-way.
            self.may_be_cut |= isinstance(error, OSError)
            if isinstance(error, OSError) and not self.was_cut:
                self.surprise = error
            raise
        except Exception as error:
            self.surprise = error
            raise
        self.accepted.append(sent)

    async def receive(self, receive: Receive, passes: int) -> None:
        """Receive, but not for longer than some passes of the loop."""
        waiting = asyncio.ensure_future(receive())
        for _ in range(passes):
            await asyncio.sleep(0)
        if not waiting.done():
            waiting.cancel()
        try:
            message = await waiting
        except asyncio.CancelledError:
            return
        assert message["type"] in ("http.request", "http.disconnect")
        self.received += message.get("body", b"")

    def left_by(self, how: int) -> None:
        self.has_raised |= how not in (RETURN, CANCEL)
        if how == RAISE:
            raise ValueError("a bug")
        if how == EXIT:
            raise SystemExit(3)
        if how == CANCELED:
            raise asyncio.CancelledError
        if how == ODD:
            raise OddError
        if how == CANCEL:
            # Takes effect where the application waits next, if it ever does.
            self.may_be_cut = True
            task = asyncio.current_task()
            assert task is not None
            task.cancel()

    # The client

    def act(self, kind: int) -> None:
        exchange = self.exchange
        may_upload = self.method == "POST" and not (self.was_cut or self.has_finished)
        if kind == UPLOAD and may_upload:
            self.uploaded += b"upload"
            exchange.upload(b"upload")
        elif kind == FINISH and may_upload:
            self.has_finished = True
            exchange.upload(b"", end=True)
        elif kind == BLOCK:
            exchange.transport.block(0)
        elif kind == UNBLOCK:
            exchange.transport.unblock(0)
        elif kind == RESET and may_upload:
            self.client_has_gone = True
            exchange.reset()
        elif kind == STOP and not self.was_cut:
            self.client_has_gone = True
            exchange.stop()
        elif kind == LOSE:
            self.client_has_gone = True
            exchange.transport.lose()

    async def leave(self) -> None:
        """Give all the room there is; then the application has no reason to stay."""
        self.exchange.transport.unblock(0)
        await settle()
        assert all(task.done() for task in self.beside), "A send() hangs."
        for error in await asyncio.gather(*self.beside, return_exceptions=True):
            if isinstance(error, AssertionError):
                raise error
        assert not self.exchange.connection.streams, "The application hangs."

    @property
    def was_cut(self) -> bool:
        transport = self.exchange.transport
        return self.client_has_gone or 0 in transport.resets or 0 in transport.stops

    # The oracle

    @property
    def start(self) -> dict[str, Any] | None:
        starts = [each for each in self.accepted if each["type"] == "http.response.start"]
        assert len(starts) < 2
        return starts[0] if starts else None

    @property
    def parts(self) -> list[dict[str, Any]]:
        kinds = ("http.response.body", "http.response.pathsend")
        return [each for each in self.accepted if each["type"] in kinds]

    @property
    def is_complete(self) -> bool:
        """The last message of a response was accepted."""
        if self.start is None:
            return False
        if self.start.get("trailers"):
            kind, more = "http.response.trailers", "more_trailers"
            return any(each["type"] == kind and not each.get(more) for each in self.accepted)
        return any(not each.get("more_body") for each in self.parts)

    def check_wire(self) -> None:
        """What no client may ever see, whoever is to blame."""
        exchange = self.exchange
        sections = exchange.sections
        assert is_legal(self.kinds()), self.kinds()
        for section in sections:
            check_fields([field for field in section if field[0] != b":status"])
        if exchange.ended:
            assert self.is_complete or self.may_be_cut or exchange.status == 500
            length = dict(exchange.headers).get(b"content-length")
            if length is not None and self.method != "HEAD" and exchange.status != 304:
                assert int(length) == len(exchange.body), "The content-length is a lie."

    def kinds(self) -> str:
        sections = iter(self.exchange.sections)
        return "".join(
            "D" if frame_type == FrameType.DATA else kind_of(next(sections))
            for frame_type, _ in self.exchange._frames
        )

    def check_account(self) -> None:
        """What came is what was accepted; without a client that goes, exactly that."""
        outcome, start = self.exchange.outcome, self.start
        if self.is_complete:
            assert start is not None
            assert outcome == str(start["status"])
            body = b"" if self.method == "HEAD" else b"".join(map(content, self.parts))
            assert self.exchange.body == body
        elif self.parts:
            assert outcome == RESET_BY_US
        elif self.may_be_cut:
            assert outcome in (RESET_BY_US, "500")
        else:
            assert outcome == "500"

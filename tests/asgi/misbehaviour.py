"""Applications that misbehave, and the table in a docstring that says what comes of each.

This file knows how such a table is read and how an application is put beside its row. It refuses to
know what a client sees. Its one rule: the table is the oracle, so nothing here repeats it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.asgi.types import AsgiApp, Receive, Scope, Send

__all__ = ["Misbehaviour", "Row", "watched"]

WIDTH = 56
"""Characters of the first column, which is how the table is found."""


class Row(NamedTuple):
    """What the application does, whether its call raises, and what the client sees."""

    application: str
    raises: bool
    client: str


class Misbehaviour:
    """The applications of one module, and the rows of `docstring`."""

    def __init__(self, docstring: str | None) -> None:
        assert docstring is not None
        self.rows = _rows(docstring.splitlines())
        self.applications: dict[str, AsgiApp] = {}

    def case(self, name: str) -> Callable[[AsgiApp], AsgiApp]:
        """A decorator: the application of the row with this name."""

        def register(app: AsgiApp) -> AsgiApp:
            self.applications[name] = app
            return app

        return register

    def leaves(self, name: str, error: BaseException | None, *messages: Any) -> None:
        """An application that sends messages, lets errors pass, and then raises or returns."""

        @self.case(name)
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            for message in messages:
                await send(message)
            if error is not None:
                raise error

    def sends(self, name: str, *messages: Any) -> None:
        """An application that sends messages, one after the other, and returns."""
        self.leaves(name, None, *messages)


def watched(app: AsgiApp, errors: list[Exception]) -> AsgiApp:
    """The application; what its calls raise is noted on the way."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        async def noted_send(message: Any) -> None:
            try:
                await send(message)
            except Exception as error:
                errors.append(error)
                raise

        async def noted_receive() -> dict[str, Any]:
            try:
                return await receive()
            except Exception as error:
                errors.append(error)
                raise

        await app(scope, noted_receive, noted_send)

    return run


def _rows(lines: list[str]) -> list[Row]:
    ruler = next(line for line in lines if line.startswith("=" * WIDTH))
    first, heading, last = (number for number, line in enumerate(lines) if line == ruler)
    assert heading == first + 2
    widths = [len(column) for column in ruler.split(" ")]
    call, client = widths[0] + 1, widths[0] + widths[1] + 2
    return [
        Row(line[:call].strip(), line[call:client].strip() == "raises", line[client:].strip())
        for line in lines[heading + 1 : last]
    ]

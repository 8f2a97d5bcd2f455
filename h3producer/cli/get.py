"""`h3producer get URL`: fetch something over HTTP/3.

This file knows one command, its options and what it prints. It refuses to know HTTP/3
(`client/`).
"""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from h3producer.client.connection import connect
from h3producer.client.errors import ClientError
from h3producer.client.target import Target, development_certificate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from h3producer.client.response import ClientResponse

__all__ = ["get"]

PIECE = 64 * 1024
"""Bytes of a file to read, and to send, at once."""

_HELP = """Fetch URL over HTTP/3 and write the body to stdout.

Certificates are verified. For hosts of this machine the development certificate that
`h3producer` made for itself is trusted.
"""


def _target(_context: click.Context, _argument: click.Parameter, value: str) -> Target:
    try:
        return Target.from_url(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _headers(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str, str]]:
    headers = []
    for line in values:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise click.BadParameter(f"'{line}' is not of the form 'name: value'.")
        headers.append((name.strip(), value.strip()))
    return headers


@click.command(help=_HELP)
@click.argument("target", metavar="URL", callback=_target)
@click.option("-X", "--method", metavar="METHOD", help="Default: GET, or POST with --data.")
@click.option("-d", "--data", metavar="DATA", help="Request body; @FILE sends a file, @- stdin.")
@click.option(
    "-H", "--header", "headers", multiple=True, callback=_headers, help="A field, as 'name: value'."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the body to a file.")
@click.option(
    "-f", "--fail", is_flag=True, help="A status of 400 or more is a failure, not a body."
)
@click.option("-v", "--verbose", is_flag=True, help="Show request and response fields on stderr.")
@click.option("-k", "--insecure", is_flag=True, help="Accept any certificate.")
@click.option(
    "--cacert",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Trust the certificates in this PEM file.",
)
def get(**given: object) -> None:
    """See `_HELP`."""
    # The QUIC library's own remarks; what matters of them is in our errors.
    logging.getLogger("quic").addHandler(logging.NullHandler())
    wish = _Wish(**given)  # type: ignore[arg-type]  # the options above are its fields
    try:
        asyncio.run(_fetch(wish))
    except ClientError as error:
        raise click.ClickException(str(error)) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wish:
    """What the command line asks for."""

    target: Target
    method: str | None
    data: str | None
    headers: list[tuple[str, str]]
    output: Path | None
    fail: bool
    verbose: bool
    insecure: bool
    cacert: Path | None


async def _fetch(wish: _Wish) -> None:
    method = wish.method or ("GET" if wish.data is None else "POST")
    cafile = wish.cacert or development_certificate(wish.target)
    with ExitStack() as files:
        headers, body = _body(wish.data, files)
        headers = [*wish.headers, *headers]
        async with connect(wish.target, cafile=cafile, verify=not wish.insecure) as connection:
            response = connection.request(method, headers=headers, body=body)
            if wish.verbose:
                _show(">", f"{method} {wish.target.path} HTTP/3", headers)
            await response.head()
            if wish.verbose:
                _show_heads(response)
            if wish.fail and response.status >= 400:
                raise ClientError(f"The answer of {wish.target.authority} was {response.status}.")
            output = files.enter_context(_open_output(wish.output))
            async for piece in response:
                output.write(piece)
                output.flush()
        if wish.verbose and response.trailers:
            _show("<", "trailers", _text(response.trailers))


def _body(data: str | None, files: ExitStack) -> tuple[list[tuple[str, str]], Iterable[bytes]]:
    """The fields that describe the body, and its pieces."""
    if data is None:
        return [], ()
    if not data.startswith("@"):
        content = data.encode()
        kind = "application/x-www-form-urlencoded"
        return [("content-type", kind), ("content-length", str(len(content)))], [content]
    file = sys.stdin.buffer if data == "@-" else _open_input(Path(data[1:]), files)
    return [("content-type", "application/octet-stream")], iter(lambda: file.read(PIECE), b"")


def _open_input(path: Path, files: ExitStack) -> BinaryIO:
    try:
        return files.enter_context(path.open("rb"))
    except OSError as error:
        raise click.UsageError(f"Cannot read '{path}': {error.strerror}.") from None


@contextmanager
def _open_output(path: Path | None) -> Iterator[BinaryIO]:
    """The file, made now; or stdout."""
    if path is None:
        yield sys.stdout.buffer
        return
    try:
        file = path.open("wb")
    except OSError as error:
        raise ClientError(f"Cannot write '{path}': {error.strerror}.") from None
    with file:
        yield file


def _show_heads(response: ClientResponse) -> None:
    for status, fields in response.informational:
        _show("<", f"HTTP/3 {status}", _text(fields))
    _show("<", f"HTTP/3 {response.status}", _text(response.headers))


def _show(direction: str, line: str, fields: Iterable[tuple[str, str]]) -> None:
    for text in (line, *(f"{name}: {value}" for name, value in fields), ""):
        click.echo(f"{direction} {text}".rstrip(), err=True)


def _text(fields: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[str, str]]:
    for name, value in fields:
        yield name.decode("latin-1"), value.decode("latin-1")

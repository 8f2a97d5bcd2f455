"""`h3producer top`: look at the connections of a server that runs.

This file knows one command and its options. It refuses to know what is shown (`top/`).
"""

from __future__ import annotations

import json

import click

from h3producer.server.errors import StartupError
from h3producer.top.rows import SORTS
from h3producer.top.source import DEFAULT_SOURCE, Source, SourceError, parse_source

__all__ = ["top"]

_HELP = """Show the connections and streams of a server as they are now: who waits for whom, how
much is unsent and unacknowledged, round trips, windows, losses and rates.

ADDRESS is what the server got as --admin-bind: HOST:PORT, or unix:PATH; by default
127.0.0.1:4480.
"""


def _source(_context: click.Context, _argument: click.Parameter, value: str) -> Source:
    try:
        return parse_source(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(help=_HELP)
@click.argument(
    "source",
    metavar="ADDRESS",
    default=DEFAULT_SOURCE,
    callback=_source,
    envvar="H3PRODUCER_ADMIN_BIND",
)
@click.option("--once", is_flag=True, help="Print one table, and end.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts once, as JSON, and end.")
@click.option(
    "--sort", type=click.Choice(list(SORTS)), default="unsent", help="What comes first.  [unsent]"
)
@click.option("--streams/--no-streams", default=True, help="Show the streams, too.  [on]")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=1.0,
    metavar="SECONDS",
    help="Between two looks.  [1]",
)
def top(source: Source, once: bool, as_json: bool, **given: object) -> None:
    """See `_HELP`."""
    try:
        if as_json:
            click.echo(json.dumps(source.fetch(), indent=2))
        else:
            _show(source, once, **given)  # type: ignore[arg-type]  # the options above
    except SourceError as error:
        raise click.ClickException(str(error)) from None


def _show(source: Source, once: bool, *, sort: str, streams: bool, interval: float) -> None:
    try:
        from rich.console import Console

        from h3producer.top.screen import print_once, watch
    except ImportError:
        raise StartupError(
            "rich is not installed: pip install 'h3producer[top]', or use --json."
        ) from None
    console = Console()
    if once or not console.is_terminal:
        print_once(console, source, sort=sort, streams=streams)
        return
    try:
        from h3producer.top.terminal import keyboard
    except ImportError:
        raise StartupError("This system has no terminals as Unix has; use --once.") from None
    try:
        with keyboard() as keys:
            watch(console, source, keys, sort=sort, streams=streams, interval=interval)
    except KeyboardInterrupt:
        pass  # INT is how one leaves

"""`h3producer trace`: draw the life of one response.

This file knows one command and its options. It refuses to know what is drawn (`trace/`).
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from h3producer.cli.option import size
from h3producer.config import Config
from h3producer.server.app_loader import parse_target
from h3producer.server.errors import AppLoadError
from h3producer.server.logging import configure_logging
from h3producer.trace.live import Visit, record
from h3producer.trace.records import Recording, TraceError, read_recording

__all__ = ["trace"]

SUFFIXES = (".qlog", ".sqlog")

_HELP = """Draw the life of one response: what the application writes and when it waits, frames,
packets, acknowledgements, and how far the client lets it go.

SOURCE is a qlog file of a server (--qlog-dir writes them), or an application as for `h3producer
APP`: that is served to one client on this machine, which asks for --path.
"""

_STOPS_AFTER = 128 * 1024


@click.command(help=_HELP)
@click.argument("source")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("trace.svg"),
    show_default=True,
    help="The picture: .svg, or .html for a page; - is stdout.",
)
@click.option("--stream", type=int, metavar="ID", help="Default: the largest response of the file.")
@click.option("--path", default="/", show_default=True, help="What to ask the application for.")
@click.option("--slow-client", is_flag=True, help="Stop reading in the middle, once.")
@click.option(
    "--stop-after",
    callback=size,
    metavar="SIZE",
    help="Stop reading behind so many bytes; --slow-client is 128k.",
)
@click.option(
    "--pause", type=float, default=Visit.pause, metavar="SECONDS", help="Until it reads on.  [0.3]"
)
@click.option(
    "--window", callback=size, default="128k", metavar="SIZE", help="Of the client.  [128k]"
)
@click.option(
    "--round-trip",
    type=float,
    default=Visit.round_trip * 1000,
    metavar="MS",
    help="To add to the way; 0 for none.  [40]",
)
@click.option("--response-buffer", callback=size, metavar="SIZE", help="As for the server.  [64k]")
@click.option("--app-dir", default=".", metavar="DIR", help="Where to import the application from.")
@click.option("--factory", is_flag=True, help="It returns the application when called.")
def trace(
    source: str, output: Path, stream: int | None, response_buffer: int | None, **given: object
) -> None:
    """See `_HELP`."""
    # Here, so that whoever serves an application does not load what draws pictures.
    from h3producer.trace.page import page
    from h3producer.trace.picture import draw
    from h3producer.trace.telling import tell

    try:
        if source.endswith(SUFFIXES) or Path(source).is_file():
            recording = read_recording(Path(source))
        else:
            recording = _record(source, response_buffer, given)
        story = tell(recording, stream)
    except TraceError as error:
        raise click.ClickException(str(error)) from None
    _write(output, page(story) if output.suffix == ".html" else draw(story))


def _record(app: str, response_buffer: int | None, given: dict[str, object]) -> Recording:
    try:
        parse_target(app)
    except AppLoadError:
        raise click.UsageError(
            f"'{app}' is neither a qlog file that is there nor an application as in hello:app."
        ) from None
    config = Config(
        app=app,
        app_dir=str(given["app_dir"]),
        factory=bool(given["factory"]),
        response_buffer=response_buffer or Config.response_buffer,
        access_log=False,
        log_level="warning",
    )
    configure_logging(config)
    stops_after = given["stop_after"] or (_STOPS_AFTER if given["slow_client"] else None)
    visit = Visit(
        path=str(given["path"]),
        window=given["window"],  # type: ignore[arg-type]  # `size` made it
        round_trip=given["round_trip"] / 1000,  # type: ignore[operator]  # a float, by its option
        stops_after=stops_after,  # type: ignore[arg-type]  # likewise
        pause=given["pause"],  # type: ignore[arg-type]  # likewise
    )
    return asyncio.run(record(config, visit))


def _write(output: Path, text: str) -> None:
    if str(output) == "-":
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"Cannot write '{output}': {error.strerror}.") from None
    click.echo(f"{output}", err=True)

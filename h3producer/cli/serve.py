"""`h3producer APP`: serve an application.

This file knows one command. It refuses to know settings (`options.py`) and the life of a server
(`server/`).
"""

from __future__ import annotations

import click

from h3producer.cli.option import environment_names
from h3producer.cli.options import SERVE_OPTIONS, config_from_options
from h3producer.server.app_loader import parse_target
from h3producer.server.errors import AppLoadError
from h3producer.server.run import run_as_asked

__all__ = ["serve"]

_HELP = """Serve APP, as in `h3producer hello:app`, over HTTP/3.

APP is module:attribute: an ASGI application, or an async handler that takes an Http3Stream.

Without a certificate, a development certificate is made for loopback addresses.
"""

_EPILOG = """Each option is an environment variable, too: --log-level is H3PRODUCER_LOG_LEVEL.

Other commands: `h3producer cert` makes a development certificate, `h3producer get URL` fetches
over HTTP/3, `h3producer top ADDRESS` shows the connections of a server, `h3producer trace` draws
the life of a response; each has a --help of its own.
"""


def _checked_target(_context: click.Context, _argument: click.Parameter, value: str) -> str:
    try:
        parse_target(value)
    except AppLoadError as error:
        raise click.BadParameter(str(error)) from None
    return value


@click.command(
    params=[
        click.Argument(["app"], envvar=environment_names("--app"), callback=_checked_target),
        *SERVE_OPTIONS,
    ],
    help=_HELP,
    epilog=_EPILOG,
    context_settings={"max_content_width": 100},
)
@click.version_option(package_name="h3producer", message="%(package)s %(version)s")
def serve(app: str, **options: object) -> None:
    """See `_HELP`."""
    run_as_asked(config_from_options(app, options))

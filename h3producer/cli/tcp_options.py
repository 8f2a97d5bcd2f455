"""The options of `h3producer APP` that have to do with HTTP/1.1 and HTTP/2 beside HTTP/3.

This file knows their names and help texts. It refuses to know how any option works (`option.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.cli.option import number, option, seconds

if TYPE_CHECKING:
    import click

__all__ = ["TCP_OPTIONS"]


def _whole_seconds(context: click.Context, parameter: click.Parameter, value: str | None) -> object:
    given = seconds(context, parameter, value)
    return None if given is None else int(given)


TCP_OPTIONS: tuple[click.Option, ...] = (
    option(
        "--with-tcp",
        "with_tcp",
        help="Serve APP over HTTP/1.1 and HTTP/2 as well, on the TCP port of the same number.",
        is_flag=True,
    ),
    option("--tcp-port", "tcp_port", help="Another TCP port.", convert=number, metavar="NUMBER"),
    option(
        "--tcp-bind",
        "tcp_bind",
        help="HOST:PORT, or fd://N for a bound TCP socket; repeatable, instead of --tcp-port.",
        metavar="ADDRESS",
        multiple=True,
    ),
    option(
        "--alt-svc-max-age",
        "alt_svc_max_age",
        help="For how long browsers may remember where HTTP/3 is; 0 has them forget it.",
        convert=_whole_seconds,
        metavar="SECONDS",
    ),
    option(
        "--alt-svc-port",
        "alt_svc_port",
        help="The UDP port as browsers see it, behind a port mapping.",
        convert=number,
        metavar="NUMBER",
    ),
)
"""In the order in which `--help` shows them."""

"""The options of `h3producer APP` for whoever operates it: processes, the end, what can be seen.

This file knows their names and help texts. It refuses to know how any option works (`option.py`)
and what it leads to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.cli.option import option, or_none, seconds

if TYPE_CHECKING:
    import click

__all__ = ["OPERATION_OPTIONS"]

OPERATION_OPTIONS: tuple[click.Option, ...] = (
    option(
        "--health-path",
        "health_path",
        help="Path the server answers itself: 200 while it wants new clients, else 503.",
        metavar="PATH",
    ),
    option(
        "--drain-delay",
        "drain_delay",
        help="After INT or TERM: how long only the health path says so, before the end begins.",
        convert=seconds,
        metavar="SECONDS",
    ),
    option(
        "--certificate-interval",
        "certificate_interval",
        help="How often to look whether the certificate files have changed; 'none': only on HUP.",
        convert=or_none(seconds, "a number of seconds"),
        metavar="SECONDS",
    ),
    option(
        "--timeout-graceful-shutdown",
        "timeout_graceful_shutdown",
        help="How long open requests may go on after INT or TERM; 'none' waits for ever.",
        convert=or_none(seconds, "a number of seconds"),
        metavar="SECONDS",
    ),
)
"""In the order in which `--help` shows them."""

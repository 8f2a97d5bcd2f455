"""The options of `h3producer APP` for whoever operates it: processes, the end, what can be seen.

This file knows their names and help texts. It refuses to know how any option works (`option.py`)
and what it leads to.
"""

from __future__ import annotations

from typing import get_args

import click

from h3producer.cli.option import environment_names, option, or_none, seconds, size
from h3producer.config import Steering

__all__ = ["OPERATION_OPTIONS"]

OPERATION_OPTIONS: tuple[click.Option, ...] = (
    click.Option(
        ["--workers", "workers"],
        type=int,
        envvar=[*environment_names("--workers"), "WEB_CONCURRENCY"],
        help="Processes that serve; also $WEB_CONCURRENCY.  [1]",
    ),
    option(
        "--limit-max-requests",
        "limit_max_requests",
        help="Replace a process after so many requests.",
        type=int,
    ),
    option(
        "--limit-max-requests-jitter",
        "limit_max_requests_jitter",
        help="Up to so many more, a random number for each process.",
        type=int,
    ),
    option(
        "--timeout-worker-healthcheck",
        "timeout_worker_healthcheck",
        help="Replace a worker whose event loop stands still for so long; 'none': never.",
        convert=or_none(seconds, "a number of seconds"),
        metavar="SECONDS",
    ),
    option("--reload", "reload", help="Start anew when a file changes.", is_flag=True),
    option(
        "--reload-dir",
        "reload_dirs",
        help="Directory with such files; repeatable. Default: --app-dir.",
        metavar="DIR",
        multiple=True,
    ),
    option(
        "--reload-include",
        "reload_includes",
        help="Pattern of further files than *.py; repeatable.",
        metavar="GLOB",
        multiple=True,
    ),
    option(
        "--reload-exclude",
        "reload_excludes",
        help="Pattern of files and directories to leave out; repeatable.",
        metavar="GLOB",
        multiple=True,
    ),
    option(
        "--reload-delay",
        "reload_delay",
        help="Without a change, until it starts anew.",
        convert=seconds,
        metavar="SECONDS",
    ),
    option(
        "--steering",
        "steering",
        help="How packets get to the worker that has their connection; auto: kernel if it can.",
        type=click.Choice(get_args(Steering)),
    ),
    option(
        "--secret-file",
        "secret_file",
        help="Random bytes that hosts and restarts share, to read each other's tokens.",
        metavar="FILE",
    ),
    option(
        "--health-path",
        "health_path",
        help="Path the server answers itself: 200 while it wants new clients, else 503.",
        metavar="PATH",
    ),
    option(
        "--admin-bind",
        "admin_bind",
        help="HOST:PORT or unix:PATH for /metrics, /healthz, /readyz and /connections.",
        metavar="ADDRESS",
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
    click.Option(
        ["--qlog-dir", "qlog_dir"],
        envvar=[*environment_names("--qlog-dir"), "QLOGDIR"],
        help="Write a qlog file per connection here; also $QLOGDIR. Slow.",
        metavar="DIR",
    ),
    option(
        "--qlog-sample",
        "qlog_sample",
        help="The fraction of connections that get one; the others are as fast as ever.",
        type=float,
        metavar="0..1",
    ),
    option(
        "--qlog-max-size",
        "qlog_max_size",
        help="Of all qlog files; the oldest are removed.",
        convert=size,
        metavar="BYTES",
    ),
    click.Option(
        ["--keylog-file", "keylog_file"],
        envvar=[*environment_names("--keylog-file"), "SSLKEYLOGFILE"],
        help="Append TLS secrets here, for Wireshark; also $SSLKEYLOGFILE.",
        metavar="FILE",
    ),
)
"""In the order in which `--help` shows them."""

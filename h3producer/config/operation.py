"""How a server is operated: its processes, how it ends, and what can be seen of it.

This file knows settings that neither an application nor a client notices. It refuses to know how
they are carried out (`server/`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from h3producer.config.ranges import MIB, ConfigError

if TYPE_CHECKING:
    from h3producer.config.ranges import Steering

__all__ = ["Operation", "check_health_path"]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """The settings of a `Config` for whoever operates it."""

    # Its processes, and others elsewhere

    workers: int = 1
    """Processes that serve, under a parent that replaces those that die. More than one needs `app`
    as `"module:attribute"`. Of `run` and the command line, as all of these; uvicorn's name.
    63 at most: connection ids tell 64 processes apart, and one is left for who replaces another."""
    limit_max_requests: int | None = None
    """Requests after which a process is replaced by a new one, which serves before the old one
    ends: against memory that an application loses. Without a parent the server stops. None: any.
    uvicorn's name, under which servers only stop."""
    limit_max_requests_jitter: int = 0
    """At most so many requests more, a random number for each process, so that not all of them are
    replaced at once."""
    timeout_worker_healthcheck: float | None = 30.0
    """Seconds that a worker's event loop may stand still; then it is killed and replaced. uvicorn's
    name for 5 seconds in which a thread of its own does not answer; an application that blocks the
    loop serves nobody, but some do so for a while. None: for ever."""
    reload: bool = False
    """Start anew when a file changes, for development."""
    reload_dirs: tuple[str, ...] = ()
    """Directories with these files; none: `app_dir`."""
    reload_includes: tuple[str, ...] = ()
    """Patterns of names or paths of further files than `*.py`."""
    reload_excludes: tuple[str, ...] = ()
    """Patterns of names or paths of files and directories to leave out, beside hidden ones."""
    reload_delay: float = 0.25
    """Seconds without a change until it starts anew: editors write a file in several steps."""
    steering: Steering = "auto"
    """How a packet gets to the worker that has its connection: `kernel` chooses the socket, on
    Linux; with `relay` all workers read the same socket, and pass on what is for another. `auto`:
    the kernel if it can."""
    secret_file: str | None = None
    """File with at least 32 random bytes, for hosts that serve one name and for restarts: each can
    read Retry tokens and session tickets of the others, and tell clients whose connection is lost
    that it is. None: random keys, which die with the server."""

    # Its certificate

    certificate_interval: float | None = 10.0
    """Seconds between two looks at whether `certfile` or `keyfile` has changed; what is new is
    shown to new connections. A look is two system calls. None: only on HUP."""

    # Its health

    health_path: str | None = None
    """Path that the server itself answers over HTTP/3: 200 while it wants new clients, else 503.
    The application never hears of it, and no limit on requests counts it. None: no such path."""

    # What can be seen of it

    admin_bind: str | None = None
    """Address on which an operator sees it, over plain HTTP/1.1, as `host:port` or `unix:path`:
    `/metrics` for Prometheus, `/healthz`, `/readyz`, `/connections`. Whoever reaches it sees all,
    so it belongs on a loopback address. Needs the extra `metrics`. None: nothing is counted."""

    # Its end

    drain_delay: float = 0.0
    """Seconds between INT or TERM and the end of the welcome: health says 503 at once, everything
    else goes on as before, so that load balancers can turn away before anybody is refused. What
    they need is their probes' interval times the failures they wait for."""
    timeout_graceful_shutdown: float | None = 30.0
    """Seconds that open requests get to finish once newcomers are refused; None waits for ever.
    30 s is what systemd and Kubernetes allow by default before they kill."""

    # What can be seen of connections

    qlog_dir: str | None = None
    """Write what happens on connections into files here, one each, for qvis and the like. Their
    handshakes are aioquic's then, and a download costs half as much again: to look into something,
    or with `qlog_sample`."""
    qlog_sample: float = 1.0
    """Of all connections, the fraction that gets a qlog file: 0.01 is every hundredth. The others
    are served as without `qlog_dir`."""
    qlog_max_size: int = 1024 * MIB
    """Bytes of all qlog files in `qlog_dir`; beyond it the oldest are removed. 1 GiB is what a disk
    for logs has to spare, and 10,000 connections that asked for a page."""
    keylog_file: str | None = None
    """Append TLS secrets here in NSS key-log format, for Wireshark. Breaks confidentiality; a file
    that is made for it is for its owner alone."""


def check_health_path(path: str | None) -> None:
    """Raise `ConfigError` for what no request's path can be, but for the query behind it."""
    if path is None:
        return
    is_visible = path.isascii() and path.isprintable() and " " not in path
    if not (path.startswith("/") and is_visible) or "?" in path or "#" in path:
        raise ConfigError(f"health_path must be a path such as /healthz, not {path!r}.")

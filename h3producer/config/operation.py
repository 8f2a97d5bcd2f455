"""How a server is operated: its processes, how it ends, and what can be seen of it.

This file knows settings that neither an application nor a client notices. It refuses to know how
they are carried out (`server/`).
"""

from __future__ import annotations

from dataclasses import dataclass

from h3producer.config.ranges import ConfigError

__all__ = ["Operation", "check_health_path"]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """The settings of a `Config` for whoever operates it."""

    # Its certificate

    certificate_interval: float | None = 10.0
    """Seconds between two looks at whether `certfile` or `keyfile` has changed; what is new is
    shown to new connections. A look is two system calls. None: only on HUP."""

    # Its health

    health_path: str | None = None
    """Path that the server itself answers over HTTP/3: 200 while it wants new clients, else 503.
    The application never hears of it, and no limit on requests counts it. None: no such path."""

    # Its end

    drain_delay: float = 0.0
    """Seconds between INT or TERM and the end of the welcome: health says 503 at once, everything
    else goes on as before, so that load balancers can turn away before anybody is refused. What
    they need is their probes' interval times the failures they wait for."""
    timeout_graceful_shutdown: float | None = 30.0
    """Seconds that open requests get to finish once newcomers are refused; None waits for ever.
    30 s is what systemd and Kubernetes allow by default before they kill."""


def check_health_path(path: str | None) -> None:
    """Raise `ConfigError` for what no request's path can be, but for the query behind it."""
    if path is None:
        return
    is_visible = path.isascii() and path.isprintable() and " " not in path
    if not (path.startswith("/") and is_visible) or "?" in path or "#" in path:
        raise ConfigError(f"health_path must be a path such as /healthz, not {path!r}.")

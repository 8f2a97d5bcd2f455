"""`run` and `serve`: serve with as many processes as the settings ask for.

This file knows which settings need more than one process, and which systems and applications can
have that. It refuses to know how processes are looked after (`workers/`).

| settings | processes |
|---|---|
| none of these | this one |
| `workers` of two or more | this one as the parent, and the workers |
| `limit_max_requests` alone | likewise, with one worker, since it is replaced before it ends |
| `reload` | likewise, with one worker, whatever `workers` says |

Where there can be no workers, or the application is an object, `limit_max_requests` ends the
server.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from typing import Any

from h3producer.config import Config
from h3producer.server.errors import StartupError
from h3producer.server.logging import configure_logging
from h3producer.server.server import Server

__all__ = ["run", "run_as_asked", "serve"]

logger = logging.getLogger("h3producer.error")

HAS_WORKERS = sys.platform != "win32"
"""Whether this system has Unix sockets, and hands file descriptors down under their numbers."""


async def serve(app: object, config: Config | None = None) -> None:
    """Serve an ASGI application, a handler, or `"module:attribute"`, as `Server.serve` does."""
    await Server(replace(config or Config(), app=app)).serve()


def run(app: object, **settings: Any) -> None:
    """Serve until INT or TERM, with logging set up; the `settings` are the fields of `Config`.

    What `h3producer APP` does. With `workers` or `reload`, `app` is `"module:attribute"`, which
    each process imports. Raises `ConfigError` for a wrong setting and `StartupError`.
    """
    # `Any`, since a signature that repeats all the fields would only be another place to forget.
    run_as_asked(Config(app=app, **settings))


def run_as_asked(config: Config) -> None:
    """Serve until INT or TERM, with logging set up. Raises `StartupError`."""
    configure_logging(config)
    if config.workers > 1 or config.reload:
        _check_workers(config)
    elif config.limit_max_requests is None or not (HAS_WORKERS and isinstance(config.app, str)):
        Server(config).run()
        return
    # Not above: on some systems there is nothing of what it needs.
    from h3producer.server.workers.parent import run_reloading, run_workers

    if not config.reload:
        run_workers(config)
        return
    if config.workers > 1:
        logger.warning("With reload there is one worker, not %d.", config.workers)
    run_reloading(config)


def _check_workers(config: Config) -> None:
    what = "reload" if config.reload else "workers"
    if not HAS_WORKERS:
        raise StartupError(
            f"There is no {what} on {sys.platform}, which cannot hand sockets to other processes "
            f"as we do; run one server per port."
        )
    if not isinstance(config.app, str):
        raise StartupError(
            f"With {what}, each process imports the application: "
            f"name it as 'module:attribute', instead of passing it."
        )

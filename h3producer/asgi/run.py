"""One run of an application, of which only ordinary exceptions come out.

This file knows what an application may raise that would harm more than its own exchange. It
refuses to know messages. Its one rule: whatever an application does, whoever runs it goes on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h3producer.errors import LocalProtocolError

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp, Receive, Scope, Send

__all__ = ["run_application"]


async def run_application(app: AsgiApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run `app` once; raises what it raised, or a LocalProtocolError in its place.

    What would harm more than this run becomes an ordinary exception: SystemExit, which asyncio
    would carry through to the server, and a CancelledError that nobody asked for (the application
    awaited something that was cancelled elsewhere), which would end the task without a word.
    """
    try:
        await app(scope, receive, send)
    except (Exception, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) and _is_being_cancelled():
            raise
        raise LocalProtocolError(f"The application raised {error!r}.") from error


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

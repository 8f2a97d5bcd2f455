"""Is this exception the client's doing? (One question, asked when an application raised.)

Frameworks wrap what they get: Starlette turns the OSError of a send into its own exception,
anyio puts it into a group. So the question is asked of everything the exception came from. This
file refuses to know whether the exchange was in fact cut: only then is the answer of use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import FieldSectionTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_disconnect"]


def is_disconnect(error: BaseException) -> bool:
    """Whether the root of `error` is an OSError, such as ours for a cut exchange.

    Or that the client has no room for the headers, which cuts the exchange as well.
    """
    return any(isinstance(cause, OSError | FieldSectionTooLarge) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, what it was raised from, and the members of a group, all the way down."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        one = pending.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        pending += (one.__cause__, one.__context__)
        if isinstance(one, BaseExceptionGroup):
            pending += one.exceptions

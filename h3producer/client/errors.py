"""Why a request has no answer: one error, one sentence.

This file knows the exception only. It refuses to know what is done about it.
"""

from __future__ import annotations

from h3producer.errors import ErrorCode

__all__ = ["ClientError", "describe_code"]


class ClientError(Exception):
    """There is no whole response; the message is one sentence for a person."""


def describe_code(error_code: int) -> str:
    """The name of an HTTP/3 error code, or its number."""
    try:
        return ErrorCode(error_code).name
    except ValueError:
        return hex(error_code)

"""Sockets that a service manager has bound and hands over: systemd's socket activation.

This file knows the three environment variables of sd_listen_fds(3). It refuses to know what a
socket is good for: who asks gets file descriptors, by number.

Its one rule: descriptors are ours only if LISTEN_PID says so. A child inherits the variables of
its parent, but what is open under these numbers in the child may be anything.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NotPassed", "passed_descriptors"]

FIRST: Final = 3
"""SD_LISTEN_FDS_START: behind stdin, stdout and stderr."""

MAX_DESCRIPTORS: Final = 1024
"""Descriptors that we believe in: as many as a process may have open by default."""


class NotPassed(LookupError):
    """There is no such descriptor; the message is half a sentence for a person."""


def passed_descriptors(
    name: str = "", *, environment: Mapping[str, str] | None = None
) -> tuple[int, ...]:
    """The descriptors that were handed to this process; only those called `name`, if there is one.

    The name is `FileDescriptorName=` of the socket unit, which is the unit's own if it has none.
    They stay open in this process, and are no longer inherited by programs that it starts. Raises
    `NotPassed` if there are none.
    """
    variables = os.environ if environment is None else environment
    if variables.get("LISTEN_PID") != str(os.getpid()):
        raise NotPassed("systemd has passed no sockets to this process")
    count = variables.get("LISTEN_FDS", "")
    if not (count.isascii() and count.isdigit() and 0 < int(count) <= MAX_DESCRIPTORS):
        raise NotPassed("systemd has passed no sockets")
    found = range(FIRST, FIRST + int(count))
    for descriptor in found:
        try:
            os.set_inheritable(descriptor, False)
        except OSError as error:
            raise NotPassed(f"systemd has passed fd {descriptor}, which is not open") from error
    if not name:
        return tuple(found)
    names = variables.get("LISTEN_FDNAMES", "").split(":")
    named = tuple(number for number, each in zip(found, names, strict=False) if each == name)
    if not named:
        raise NotPassed(f"systemd has passed no socket called {name!r}, only {', '.join(names)}")
    return named

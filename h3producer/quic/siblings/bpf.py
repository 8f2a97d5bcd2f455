"""Classic BPF: small programs that the Linux kernel runs on each datagram, without any privilege.

This file knows instructions and how a socket gets a program. It refuses to know what programs are
for: what is thrown away (`udp/sieve.py`), and which socket gets what (`steering.py`).

Its one rule: a system that does not know this says so with an `OSError`, and with nothing else.
"""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
import sys
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Instruction", "attach", "detach"]

Instruction: TypeAlias = tuple[int, int, int, int]
"""Code, how far to jump if true and if false, operand (linux/filter.h)."""


def attach(sock: socket.socket, option: int, program: Sequence[Instruction]) -> None:
    """Have the kernel run a program on what comes for `sock`; raises OSError if it cannot."""
    code = b"".join(struct.pack("HBBI", *each) for each in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    _set(sock, option, struct.pack("HP", len(program), ctypes.addressof(buffer)))


def detach(sock: socket.socket, option: int) -> None:
    """Have it run none; raises OSError if it had none."""
    _set(sock, option, struct.pack("i", 0))


def _set(sock: socket.socket, option: int, value: bytes) -> None:
    if sys.platform != "linux":
        raise OSError(errno.ENOPROTOOPT, "Protocol not available")
    sock.setsockopt(socket.SOL_SOCKET, option, value)

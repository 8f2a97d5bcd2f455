"""Where another implementation is known to differ from ours, and why we stay with ours.

This file knows reasons. It refuses to know how anything is compared. Its one rule: a difference
that no entry explains is a finding, in them or in us; an entry has a case that it is needed for.

That others take what an RFC forbids needs no entry: `rules.py` says which rule the case breaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.differential.cases import Case

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DIFFERENCES", "Difference"]


@dataclass(frozen=True)
class Difference:
    """Requests that we take as they are and others do not."""

    who: tuple[str, ...]
    reason: str
    applies: Callable[[Case], bool]
    example: Case


GET = ((b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"a"), (b":path", b"/"))
SPACES = (b" ", b"\t")


def has_spaced_value(case: Case) -> bool:
    fields = (*case.section, *(case.trailers or ()))
    return any(value[:1] in SPACES or value[-1:] in SPACES for _, value in fields)


DIFFERENCES = (
    Difference(
        ("aioquic", "qh3"),
        "They want :authority of every request. RFC 9114 §4.3.1 wants :authority or Host, and "
        "neither for a scheme that has no mandatory authority.",
        lambda case: b":authority" not in case.names,
        Case((*GET[:2], GET[3], (b"host", b"a"))),
    ),
    Difference(
        ("nghttp3",),
        "It wants :authority or Host of every request. RFC 9114 §4.3.1 does not, for a scheme that "
        "has no mandatory authority.",
        lambda case: not {b":authority", b"host"} & set(case.names),
        Case(((b":method", b"GET"), (b":scheme", b"ftp"), (b":path", b"/"))),
    ),
    Difference(
        ("aioquic", "qh3"),
        "They cannot decode a section without field lines. RFC 9204 §4.5 puts no lower bound on "
        "their number.",
        lambda case: case.trailers == (),
        Case(GET, trailers=()),
    ),
    Difference(
        ("aioquic",),
        "It refuses white space around a value, which RFC 9113 §8.2.1 forbids in HTTP/2. RFC 9114 "
        "does not, and RFC 9110 §5.5 has a recipient remove it.",
        has_spaced_value,
        Case((*GET, (b"x", b" a"))),
    ),
    Difference(
        ("nghttp3",),
        "It leaves out a field with white space around its value and takes the rest. RFC 9110 §5.5 "
        "has a recipient remove the white space.",
        has_spaced_value,
        Case((*GET, (b"x", b" a"))),
    ),
    Difference(
        ("nghttp3",),
        "It was not told to offer extended CONNECT.",
        lambda case: b":protocol" in case.names,
        Case(((b":method", b"CONNECT"), (b":protocol", b"websocket"), *GET[1:])),
    ),
)

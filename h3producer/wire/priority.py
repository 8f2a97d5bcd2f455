"""The priority that a message asks for: `u=1, i` (RFC 9218 §4).

This file knows the Structured Fields dictionary (RFC 9651 §3.2) as far as it takes to tell one from
what is none, and two of its members. It refuses to know who says it, and what follows from it.

Its one rule: a priority is advice. What is no dictionary says nothing at all; of one, what we do
not understand is as if it were not there. Neither is anybody's fault.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["DEFAULT_URGENCY", "Priority", "parse_priority"]

DEFAULT_URGENCY = 3
"""RFC 9218 §4.1."""

LEAST_URGENT = 7


class Priority(NamedTuple):
    """What was said; None of what was not."""

    urgency: int | None = None
    """0 (first) to 7 (last)."""
    incremental: bool | None = None
    """The response is of use in pieces, as they arrive."""


# RFC 9651 §3.1.2, §3.3. Every repetition is possessive: whatever comes, each octet is looked at a
# handful of times at most.
_KEY = rb"[a-z*][a-z0-9_\-.*]*+"
_ITEM = rb"""(?>
    -?[0-9]{1,12}\.[0-9]{1,3}                         # decimal
  | -?[0-9]{1,15}                                     # integer
  | "(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*+"      # string
  | [A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*+          # token
  | :[A-Za-z0-9+/]*+=*+:                              # byte sequence
  | \?[01]                                            # boolean
  | @-?[0-9]{1,15}                                    # date
  | %"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*+" # display string
)"""
_PARAMETERS = rb"(?:;\x20*+" + _KEY + rb"(?:=" + _ITEM + rb")?+)*+"
_INNER_LIST = (
    rb"\(\x20*+(?:" + _ITEM + _PARAMETERS + rb"(?:\x20++" + _ITEM + _PARAMETERS + rb")*+)?+\x20*+\)"
)
_match_member = re.compile(
    rb"(" + _KEY + rb")(?:=(" + _ITEM + rb"|" + _INNER_LIST + rb"))?+" + _PARAMETERS, re.VERBOSE
).match
_match_comma = re.compile(rb"[ \t]*+,[ \t]*+").match
_is_integer = re.compile(rb"-?[0-9]{1,15}").fullmatch

_BOOLEANS = {None: True, b"?1": True, b"?0": False}
"""A member without a value is true (RFC 9651 §3.2)."""

CACHED_LENGTH = 16
"""Octets; nearly all clients know no more than a handful of texts, and none of them is longer."""


def parse_priority(text: bytes) -> Priority | None:
    """What a Priority field or a PRIORITY_UPDATE frame says; None if it is no dictionary.

    Several field lines are to be joined by commas before (RFC 9651 §4.2).
    """
    return _parse_short(text) if len(text) <= CACHED_LENGTH else _parse(text)


def _parse(text: bytes) -> Priority | None:
    members = _parse_dictionary(text.strip(b" "))
    if members is None:
        return None
    # RFC 9218 §4: "unknown priority parameters, priority parameters with out-of-range values, or
    # values of unexpected types MUST be ignored."
    number = members.get(b"u")
    urgency = int(number) if number is not None and _is_integer(number) else None
    if urgency is not None and not 0 <= urgency <= LEAST_URGENT:
        urgency = None
    incremental = _BOOLEANS.get(members[b"i"]) if b"i" in members else None
    return Priority(urgency, incremental)


_parse_short = lru_cache(maxsize=64)(_parse)


def _parse_dictionary(text: bytes) -> dict[bytes, bytes | None] | None:
    """The members, with the text of their values; None if there is a mistake anywhere."""
    members: dict[bytes, bytes | None] = {}
    offset = 0
    while offset < len(text):
        member = _match_member(text, offset)
        if member is None:
            return None
        members[member[1]] = member[2]  # of two with one key the last counts (RFC 9651 §4.2.2)
        offset = member.end()
        if offset < len(text):
            comma = _match_comma(text, offset)
            if comma is None or comma.end() == len(text):
                return None
            offset = comma.end()
    return members

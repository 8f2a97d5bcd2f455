"""Why a request stream has to be refused: the rules of the RFCs that the cases may break.

This file knows each rule as one question about a case, apart from our code and in no hurry. It
refuses to know implementations. Its one rule: a case that breaks none is a request; a recipient
that takes one which does is lenient, and we are not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.differential.cases import AGAIN, DATA, EMPTY_DATA, GREASE, NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.differential.cases import Case

__all__ = ["broken_rules"]

KNOWN = (b":method", b":scheme", b":authority", b":path", b":protocol")
FOR_HTTP_1 = (b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade")


def broken_rules(case: Case) -> list[str]:
    """The rules that a case breaks, in words; none if it has to be accepted."""
    return [rule for rule, is_broken in RULES.items() if is_broken(case)]


def pseudo(case: Case, name: bytes) -> bytes | None:
    values = case.values(name)
    return values[0] if values else None


def is_connect(case: Case) -> bool:
    return pseudo(case, b":method") == b"CONNECT"


def is_plain_connect(case: Case) -> bool:
    return is_connect(case) and b":protocol" not in case.names


def lacks_pseudo(case: Case) -> bool:
    needed = (b":method",) if is_plain_connect(case) else (b":method", b":scheme", b":path")
    return any(pseudo(case, name) is None for name in needed)


def lacks_authority(case: Case) -> bool:
    has_one = any(name in case.names for name in (b":authority", b"host"))
    is_web = (pseudo(case, b":scheme") or b"").lower() in (b"http", b"https")
    return (is_web and not has_one) or (is_connect(case) and b":authority" not in case.names)


def has_wrong_connect_form(case: Case) -> bool:
    if not is_plain_connect(case):
        return False
    port = (pseudo(case, b":authority") or b"").rpartition(b":")[2]
    return b":scheme" in case.names or b":path" in case.names or not port.isdigit()


def has_late_pseudo(case: Case) -> bool:
    kinds = "".join("p" if name[:1] == b":" else "f" for name in case.names)
    return "fp" in kinds


def has_wrong_authority(case: Case) -> bool:
    given = [*case.values(b":authority"), *case.values(b"host")]
    pattern = rb"([A-Za-z0-9.\-]+|\[[0-9a-f:]+\])(:\d+)?"
    return len(set(given)) > 1 or any(not re.fullmatch(pattern, each) for each in given)


def has_wrong_path(case: Case) -> bool:
    path = pseudo(case, b":path")
    if path is None or (path == b"*" and pseudo(case, b":method") == b"OPTIONS"):
        return False
    return not re.fullmatch(rb"/[^#\x00- \x7f-\xff]*", path)


def has_wrong_method_or_scheme(case: Case) -> bool:
    method, scheme = pseudo(case, b":method"), pseudo(case, b":scheme")
    wrong_method = method is not None and not re.fullmatch(rb"[A-Za-z0-9\-]+", method)
    return wrong_method or (
        scheme is not None and not re.fullmatch(rb"[A-Za-z][A-Za-z0-9.\-+]*", scheme)
    )


def has_wrong_length(case: Case) -> bool:
    lengths = case.values(b"content-length")
    if any(not re.fullmatch(rb"[0-9]{1,19}", each.strip(b" \t")) for each in lengths):
        return True
    if is_connect(case):  # what follows it is no content
        return len(set(map(int, lengths))) > 1
    size = sum(map(len, case.content)) + 3 * (case.after == DATA)
    return any(int(each) != size for each in lengths)


def fields(case: Case) -> Iterable[tuple[bytes, bytes]]:
    return (*case.section, *(case.trailers or ()))


def is_out_of_order(case: Case) -> bool:
    if case.before not in (NOTHING, GREASE):
        return True
    if is_connect(case):
        return case.trailers is not None or case.after not in (NOTHING, GREASE, EMPTY_DATA, DATA)
    if case.trailers is None:
        return case.after not in (NOTHING, GREASE, EMPTY_DATA, DATA, AGAIN)
    return case.after not in (NOTHING, GREASE)


def has_odd_trailers(case: Case) -> bool:
    not_there = (b"te", b"content-length")
    return any(name[:1] == b":" or name in not_there for name, _ in case.trailers or ())


RULES: dict[str, Callable[[Case], bool]] = {
    "RFC 9114 §4.3.1: one :method, :scheme and :path": lacks_pseudo,
    "RFC 9114 §4.3.1: :authority or Host, where the scheme needs one": lacks_authority,
    "RFC 9114 §4.3.1: no pseudo-header twice": lambda case: any(
        case.names.count(name) > 1 for name in case.names if name[:1] == b":"
    ),
    "RFC 9114 §4.3: pseudo-headers come first": has_late_pseudo,
    "RFC 9114 §4.3: no unknown pseudo-header": lambda case: any(
        name[:1] == b":" and name not in KNOWN for name in case.names
    ),
    "RFC 8441 §4: :protocol is for CONNECT": lambda case: (
        b":protocol" in case.names and not is_connect(case)
    ),
    "RFC 9114 §4.4: plain CONNECT has an authority with a port, and nothing else": (
        has_wrong_connect_form
    ),
    "RFC 9114 §4.3.1: Host is :authority, and either is a host": has_wrong_authority,
    "RFC 9112 §3.2: one Host": lambda case: case.names.count(b"host") > 1,
    "RFC 9114 §4.3.1: an absolute path, or * for OPTIONS": has_wrong_path,
    "RFC 9110 §9.1, RFC 3986 §3.1: a method is a token, a scheme a scheme": (
        has_wrong_method_or_scheme
    ),
    "RFC 9114 §4.2, §10.3: names are lower-case tokens": lambda case: any(
        not re.fullmatch(rb":?[a-z\-]+", name) for name, _ in fields(case)
    ),
    "RFC 9114 §10.3: no control characters in values": lambda case: bool(
        re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", case.octets)
    ),
    "RFC 9114 §4.2: nothing about an HTTP/1 connection": lambda case: any(
        name in FOR_HTTP_1 for name, _ in fields(case)
    ),
    "RFC 9114 §4.2: te says trailers, or nothing": lambda case: any(
        value.lower() != b"trailers" for value in case.values(b"te")
    ),
    "RFC 9110 §8.6, RFC 9114 §4.1.2: content-length is the length of the content": (
        has_wrong_length
    ),
    "RFC 9110 §6.5.1, RFC 9114 §4.3: no pseudo-header, te or content-length in trailers": (
        has_odd_trailers
    ),
    "RFC 9114 §4.1, §4.4, §7.1: HEADERS, DATA, HEADERS, whole, and nothing of other streams": (
        is_out_of_order
    ),
}

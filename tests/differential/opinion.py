"""What an HTTP/3 implementation makes of the bytes of one request stream, in one shape for all.

This file knows the answer: refused, or a request with its fields, content and trailers. It refuses
to know implementations. Its one rule: what a recipient may do to fields without changing what they
say is done to all of them, so that the rest can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields

__all__ = ["REFUSED", "Opinion", "Verdict", "verdict"]


@dataclass(frozen=True)
class Verdict:
    """One implementation's answer; all empty if the request was refused."""

    is_accepted: bool
    target: dict[bytes, bytes] = field(default_factory=dict)
    """The pseudo-headers; :authority also if it came as host."""
    fields: tuple[tuple[bytes, bytes], ...] = ()
    content: bytes = b""
    trailers: tuple[tuple[bytes, bytes], ...] = ()


REFUSED = Verdict(is_accepted=False)


class Opinion(Protocol):
    """One implementation, as a server."""

    name: str

    def judge(self, pieces: list[bytes]) -> Verdict:
        """The verdict on a stream that comes in these pieces and then ends."""


def verdict(section: Fields, content: bytes, trailers: Fields) -> Verdict:
    """A request that was accepted, from the fields as they came, or as they were changed."""
    pseudo = {name: value for name, value in section if name[:1] == b":"}
    regular = [(name, value.strip(b" \t")) for name, value in section if name[:1] != b":"]
    # RFC 9114 §4.3.1: the authority is that of :authority or of Host, which is the same then.
    hosts = [value for name, value in regular if name == b"host"]
    pseudo.setdefault(b":authority", hosts[0] if hosts else b"")
    # RFC 9110 §4.2.3: "The scheme and host are case-insensitive".
    pseudo[b":scheme"] = pseudo.get(b":scheme", b"").lower()
    # RFC 9114 §4.2.1: crumbs are joined "before being passed into a context other than HTTP/2 or
    # HTTP/3", as ours are; the order of fields of different names says nothing (RFC 9110 §5.3).
    crumbs = [value for name, value in regular if name == b"cookie"]
    rest = [each for each in regular if each[0] not in (b"host", b"cookie", b"content-length")]
    # RFC 9110 §8.6: the same content-length may be repeated, and a recipient keeps one.
    lengths = {(name, value.lstrip(b"0")) for name, value in regular if name == b"content-length"}
    cookie = [(b"cookie", b"; ".join(crumbs).rstrip(b" "))] if crumbs else []
    return Verdict(
        is_accepted=True,
        target={name: value for name, value in pseudo.items() if value},
        fields=tuple(sorted([*rest, *cookie, *lengths], key=lambda each: each[0])),
        content=content,
        trailers=tuple((name, value.strip(b" \t")) for name, value in trailers),
    )

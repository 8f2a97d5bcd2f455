"""Request streams that are right or slightly wrong, with what is odd about them.

This file knows what may stand in a request and what goes wrong with it. It refuses to know who
accepts what. Its one rule: at most a few things are odd about a case, so that a difference has a
cause that can be named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

from h3producer.wire.frames import encode_frame
from h3producer.wire.qpack import FieldSectionEncoder
from tests.fuzz.choices import cut

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields

__all__ = [
    "AGAIN",
    "CASES",
    "DATA",
    "EMPTY_DATA",
    "GREASE",
    "NOTHING",
    "Case",
]


T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """A request stream in parts, and how its bytes come."""

    section: tuple[tuple[bytes, bytes], ...]
    content: tuple[bytes, ...] = ()
    """DATA frames."""
    trailers: tuple[tuple[bytes, bytes], ...] | None = None
    before: bytes = b""
    """Frames in front of all others."""
    after: bytes = b""
    """Frames behind all others."""
    sizes: tuple[int, ...] = ()
    """Of the pieces, over and over; none: in one."""

    @property
    def pieces(self) -> list[bytes]:
        frames = [self.before, _headers(self.section)]
        frames += [encode_frame(0, piece) for piece in self.content]
        if self.trailers is not None:
            frames.append(_headers(self.trailers))
        return cut(b"".join([*frames, self.after]), self.sizes)

    @property
    def names(self) -> list[bytes]:
        return [name for name, _ in self.section]

    def values(self, name: bytes) -> list[bytes]:
        return [value for each, value in self.section if each == name]

    @property
    def octets(self) -> bytes:
        """All values, for questions about characters."""
        return b"".join(value for _, value in (*self.section, *(self.trailers or ())))


def _headers(fields: tuple[tuple[bytes, bytes], ...]) -> bytes:
    return encode_frame(1, FieldSectionEncoder().encode(list(fields)))


METHODS = st.sampled_from([b"GET", b"POST", b"PUT", b"OPTIONS", b"PROPFIND", b"get", b"CONNECT"])
AUTHORITIES = st.sampled_from([b"h3.example", b"h3.example:443", b"[::1]", b"H3.Example"])
PATHS = st.sampled_from([b"/", b"/a/b?c=d", b"/%20", b"//", b"/a;b=c", b"/?", b"*"])
REGULAR: st.SearchStrategy[tuple[bytes, bytes]] = st.sampled_from(
    [
        (b"accept", b"*/*"),
        (b"x-custom", b"one"),
        (b"x-custom", b""),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"te", b"trailers"),
        (b"user-agent", b"some thing/1.0 (x; y)"),
        (b"expect", b"100-continue"),
        (b"priority", b"u=1, i"),
        (b"x-obs", "é".encode()),
        (b"x-tab", b"a\tb"),
    ]
)
ODD: st.SearchStrategy[tuple[bytes, bytes]] = st.sampled_from(
    [
        (b"X-Upper", b"1"),
        (b"x space", b"1"),
        (b"x\xff", b"1"),
        (b"x:y", b"1"),
        (b"connection", b"close"),
        (b"transfer-encoding", b"chunked"),
        (b"upgrade", b"websocket"),
        (b"keep-alive", b"1"),
        (b"proxy-connection", b"close"),
        (b"te", b"gzip"),
        (b"te", b"Trailers"),
        (b"x-cr", b"a\rb"),
        (b"x-lf", b"a\nb"),
        (b"x-nul", b"a\0b"),
        (b"x-control", b"a\x01b"),
        (b"x-del", b"a\x7fb"),
        (b"x-spaced", b" a"),
        (b"x-spaced", b"a\t"),
        (b"host", b"h3.example"),
        (b"host", b"other.example"),
        (b"content-length", b"3"),
        (b"content-length", b"003"),
        (b"content-length", b"+3"),
        (b"content-length", b"3_0"),
        (b"content-length", b"-1"),
        (b"content-length", b"3, 3"),
        (b"content-length", b""),
        (b"content-length", b"9" * 30),
        (b":path", b"/again"),
        (b":status", b"200"),
        (b":unknown", b"1"),
        (b":protocol", b"websocket"),
        (b":method", b"PUT"),
    ]
)
NOTHING = b""
GREASE = encode_frame(0x21, b"grease")
EMPTY_DATA = encode_frame(0, b"")
DATA = encode_frame(0, b"abc")
AGAIN = _headers(((b"again", b"1"),))
UNDECODABLE = encode_frame(1, b"\x00\x00\xff\xff\xff")
CUT = (b"\x00\x05ab", b"\x21\x05ab", b"\x00")
FORBIDDEN = tuple(encode_frame(each, b"\0") for each in (2, 3, 4, 5, 6, 7, 8, 9, 0x0D))
FRAMES = st.sampled_from(
    [NOTHING, GREASE, EMPTY_DATA, DATA, AGAIN, UNDECODABLE, encode_frame(1, b""), *CUT, *FORBIDDEN]
)
PSEUDO_VALUES = st.sampled_from(
    [
        b"",
        b" ",
        b"a b",
        b"GET ",
        b"no-slash",
        b"/a#b",
        b"/a b",
        b"u@h3.example",
        b"h3.example/",
        b"1x",
    ]
)


def _mostly(usual: T, others: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    return st.one_of(*[st.just(usual)] * 4, others)


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    section = draw(_sections())
    content = tuple(draw(st.lists(st.sampled_from([b"abc", b"", b"de"]), max_size=3)))
    lines = st.sampled_from([(b"checksum", b"1"), (b"x", b"")])
    trailers = draw(_mostly(None, st.lists(_mostly((b"checksum", b"1"), lines | ODD), max_size=2)))
    before, after = draw(_mostly(NOTHING, FRAMES)), draw(_mostly(NOTHING, FRAMES))
    sizes = tuple(draw(st.lists(st.sampled_from([1, 2, 7, 100]), max_size=2)))
    return Case(
        tuple(section), content, None if trailers is None else tuple(trailers), before, after, sizes
    )


@st.composite
def _sections(draw: st.DrawFn) -> Fields:
    pseudo = {
        b":method": draw(_mostly(b"GET", METHODS)),
        b":scheme": draw(_mostly(b"https", st.sampled_from([b"http", b"HTTPS", b"ftp"]))),
        b":authority": draw(AUTHORITIES),
        b":path": draw(PATHS),
    }
    oddity = draw(st.sampled_from(["", "", "", "", "", "", "drop", "replace"]))
    if oddity:
        name = draw(st.sampled_from(sorted(pseudo)))
        if oddity == "drop":
            del pseudo[name]
        else:
            pseudo[name] = draw(PSEUDO_VALUES)
    if pseudo.get(b":method") == b"CONNECT" and draw(st.booleans()):
        pseudo.pop(b":scheme", None)
        pseudo.pop(b":path", None)
    section = [*pseudo.items(), *draw(st.lists(REGULAR, max_size=3))]
    if draw(_mostly(False, st.just(True))):
        section.insert(draw(st.integers(0, len(section))), draw(ODD))
    return section


CASES = _cases()

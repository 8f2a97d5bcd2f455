"""Heads that were made before are the same as if they were made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.errors import LocalProtocolError
from h3producer.http3.field_encoder import FieldEncoder, SteadyFields
from h3producer.http3.response_heads import (
    MAX_KEPT_HEADS,
    MAX_KEPT_SIZE,
    MAX_SEEN_HEADS,
    ResponseHead,
    ResponseHeads,
)
from h3producer.wire.priority import Priority
from h3producer.wire.qpack import FieldSectionEncoder
from tests.http3.harness import GET, hello, section

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields
    from tests.http3.conftest import Connect

PLAIN = (b"content-type", b"text/plain")
DEFAULTS = [(b"server", b"ours")]


def new_heads() -> ResponseHeads:
    return ResponseHeads(lambda: DEFAULTS, lambda stream_id, priority: None)


@pytest.fixture
def heads() -> ResponseHeads:
    return new_heads()


def whole(heads: ResponseHeads, status: int, headers: Any, method: str = "GET") -> object:
    """All that comes of what an application says, or what is wrong with it."""
    try:
        head = heads.head(method, status, headers)
    except LocalProtocolError as error:
        return repr(error)
    frame = FieldEncoder(FieldSectionEncoder()).headers_frame(head.complete(DEFAULTS))
    return frame, head.content_length, head.priority


def kept(heads: ResponseHeads, status: int, headers: Fields) -> ResponseHead:
    """A head that is kept, since it came twice."""
    heads.head("GET", status, headers)
    return heads.head("GET", status, headers)


def test_a_head_that_came_once_is_not_kept(heads: ResponseHeads) -> None:
    assert heads.head("GET", 200, [PLAIN]) is not heads.head("GET", 200, [PLAIN])


def test_a_head_that_was_made_before_is_not_made_again(heads: ResponseHeads) -> None:
    first = kept(heads, 200, [PLAIN])
    assert heads.head("GET", 200, [PLAIN]) is first
    assert first.complete(DEFAULTS) is first.complete(DEFAULTS)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (404, [PLAIN]),
        (200, []),
        (200, [PLAIN, PLAIN]),
        (200, [(b"content-type", b"text/html")]),
        (200, [(b"Content-Type", b"text/plain")]),
    ],
)
def test_a_head_that_says_something_else_is_another(
    heads: ResponseHeads, status: int, headers: Fields
) -> None:
    first = kept(heads, 200, [PLAIN])
    assert heads.head("GET", status, headers) is not first


@pytest.mark.parametrize(
    ("method", "status", "headers"),
    [
        ("GET", 200, [(b"connection", b"close"), PLAIN]),
        ("GET", 204, [(b"content-length", b"0")]),
        ("GET", 200, [[b"content-type", b"text/plain"]]),
        ("CONNECT", 200, [PLAIN]),
        ("GET", 200, [(b"x-large", b"x" * MAX_KEPT_SIZE)]),
    ],
    ids=["a field is dropped", "a length is removed", "lists", "CONNECT", "large"],
)
def test_what_is_odd_is_made_anew_each_time(
    heads: ResponseHeads, method: str, status: int, headers: Any
) -> None:
    for _ in range(3):
        heads.head(method, status, headers)
    assert heads.head(method, status, headers) is not heads.head(method, status, headers)


@pytest.mark.parametrize("look_alike", [memoryview(b"text/plain"), bytearray(b"text/plain")])
def test_what_looks_like_a_head_that_was_kept_is_refused_all_the_same(
    heads: ResponseHeads, look_alike: Any
) -> None:
    kept(heads, 200, [PLAIN])
    with pytest.raises(LocalProtocolError):
        heads.head("GET", 200, [(b"content-type", look_alike)])


@pytest.mark.parametrize("headers", [5, [5], [(b"a",)], [(b"a", b"b", b"c")], [("a", "b")], [None]])
def test_what_is_no_list_of_pairs_of_bytes_is_refused_each_time(
    heads: ResponseHeads, headers: Any
) -> None:
    for _ in range(3):
        with pytest.raises(LocalProtocolError, match="pairs of bytes"):
            heads.head("GET", 200, headers)


def test_the_date_of_a_head_that_was_kept_is_todays(heads: ResponseHeads) -> None:
    kept(heads, 200, [PLAIN])
    yesterday, today = [(b"date", b"yesterday")], [(b"date", b"today")]
    assert heads.head("GET", 200, [PLAIN]).complete(yesterday)[-1] == yesterday[0]
    assert heads.head("GET", 200, [PLAIN]).complete(today)[-1] == today[0]


def test_a_field_of_the_applications_keeps_the_default_away(heads: ResponseHeads) -> None:
    fields = heads.head("GET", 200, [(b"Server", b"theirs")]).complete(DEFAULTS)
    assert fields == [(b":status", b"200"), (b"server", b"theirs")]


def test_a_body_that_is_empty_does_not_change_what_was_kept(heads: ResponseHeads) -> None:
    head = kept(heads, 200, [PLAIN])
    assert head.with_length_0().complete([])[-1] == (b"content-length", b"0")
    assert head.complete([]) == [(b":status", b"200"), PLAIN]


def test_only_so_many_heads_are_kept_and_the_first_goes_first(heads: ResponseHeads) -> None:
    first = kept(heads, 200, [])
    for status in range(201, 201 + MAX_KEPT_HEADS):
        kept(heads, status, [])
    assert len(heads._kept) == MAX_KEPT_HEADS
    assert heads.head("GET", 200, []) is not first


def test_only_so_many_heads_are_remembered(heads: ResponseHeads) -> None:
    for number in range(10 * MAX_SEEN_HEADS):
        heads.head("GET", 200, [(b"etag", b"%d" % number)])
    assert len(heads._seen) <= MAX_SEEN_HEADS
    assert not heads._kept


def test_a_head_says_how_soon_it_has_to_leave(heads: ResponseHeads) -> None:
    head = heads.head("GET", 200, [(b"priority", b"u=1"), (b"priority", b"i")])
    head.complete([])
    assert head.priority == Priority(1, True)


FIELDS = st.tuples(
    st.sampled_from(
        [b"content-type", b"Content-Length", b"x y", b"connection", b"priority", b":a"]
    ),
    st.sampled_from([b"text/plain", b" 5 ", b"5", b"05", b"x\n", b"", b"u=1"]),
)


@given(
    said=st.lists(
        st.tuples(
            st.sampled_from(["GET", "HEAD", "CONNECT"]),
            st.sampled_from([200, 204, 205, 304, 101, 1000]),
            st.lists(FIELDS, max_size=3),
        ),
        max_size=8,
    )
)
def test_whatever_was_kept_what_comes_is_what_would_be_made(
    said: list[tuple[str, int, Fields]],
) -> None:
    heads = new_heads()
    for method, status, headers in said * 3:
        anew = new_heads()
        assert whole(heads, status, headers, method) == whole(anew, status, headers, method)


def test_a_steady_section_is_encoded_once() -> None:
    encoder = FieldEncoder(FieldSectionEncoder())
    steady = SteadyFields([(b":status", b"200"), PLAIN])
    assert encoder.headers_frame(steady) == section((b":status", b"200"), PLAIN)
    assert encoder.headers_frame(steady) is encoder.headers_frame(steady)


def test_a_steady_section_is_held_to_the_peers_limit_each_time() -> None:
    encoder = FieldEncoder(FieldSectionEncoder())
    steady = SteadyFields([(b":status", b"200")])
    encoder.headers_frame(steady)
    encoder.peer_max_section_size = 41
    with pytest.raises(LocalProtocolError, match="42 bytes"):
        encoder.headers_frame(steady)


async def test_an_idle_connection_keeps_no_head(connect: Connect) -> None:
    client = connect(hello)
    for stream_id in (0, 4, 8):
        client.send(GET, end=True, on=stream_id)
    await client.idle()
    assert client.connection._context.heads._kept
    client.pass_time(1)
    assert not client.connection._context.heads._kept

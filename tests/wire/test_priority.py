"""What a Priority field says: RFC 9218 §4, and the dictionaries of RFC 9651 §4.2.2."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.wire.priority import Priority, parse_priority

NOTHING = Priority()


@pytest.mark.parametrize(
    ("text", "priority"),
    [
        (b"", NOTHING),
        (b"u=0", Priority(0)),
        (b"u=7", Priority(7)),
        (b"u=03", Priority(3)),
        (b"i", Priority(None, True)),
        (b"i=?1", Priority(None, True)),
        (b"i=?0", Priority(None, False)),
        (b"u=5, i", Priority(5, True)),
        (b"i,u=5", Priority(5, True)),
        (b"  u=1\t,\t i  ", Priority(1, True)),
        (b"u=1;a;b=2, i;c=?0", Priority(1, True)),
    ],
)
def test_what_it_says(text: bytes, priority: Priority) -> None:
    assert parse_priority(text) == priority


def test_of_two_values_the_last_counts() -> None:
    assert parse_priority(b"u=1, i, u=4, i=?0") == Priority(4, False)


@pytest.mark.parametrize(
    "text",
    [b"u=8", b"u=-1", b"u=99", b"u", b"u=?1", b"u=1.0", b'u="1"', b"u=a", b"u=(1 2)", b"u=:MQ==:"],
)
def test_an_urgency_that_is_none_is_as_if_it_were_not_there(text: bytes) -> None:
    assert parse_priority(text + b", i") == Priority(None, True)


@pytest.mark.parametrize("text", [b"i=1", b"i=a", b'i="?1"', b"i=()", b"i=0.5"])
def test_an_incremental_that_is_no_boolean_is_as_if_it_were_not_there(text: bytes) -> None:
    assert parse_priority(text + b", u=2") == Priority(2, None)


@pytest.mark.parametrize(
    "text",
    [
        b"x",
        b"*a-b_c.d*",
        b"x=123456789012345",
        b"x=-0.125",
        b'x="a \\"quoted\\" \\\\ string"',
        b"x=a/b:c!",
        b"x=*",
        b"x=::",
        b"x=:AAEC/+==:",
        b"x=@1659578233",
        b'x=%"f%c3%bc"',
        b"x=()",
        b"x=(  1   a;b  )",
        b'x=("a" "b";y=1);z',
    ],
)
def test_what_we_do_not_know_is_overread(text: bytes) -> None:
    assert parse_priority(b"u=1, " + text + b", i") == Priority(1, True)


@pytest.mark.parametrize(
    "text",
    [
        b",",
        b"u=1,",
        b",u=1",
        b"u=1,,i",
        b"u=1 i",
        b"u=1;",
        b"u=1 ;a",
        b"u= 1",
        b"u =1",
        b"u=",
        b"U=1",
        b"1=u",
        b"u=1\x00",
        b"u=1\xff",
        b"u=1, i=?2",
        b"u=1.",
        b"u=--1",
        b"x=1234567890123456",
        b"x=1234567890123.1",
        b"x=0.1234",
        b'x="open',
        b'x="bad \\escape"',
        b"x=:not base64!:",
        b"x=(1",
        b"x=(1,2)",
        b'x=("a""b")',
        b'x=%"%C3"',
        b"\tu=1",
    ],
)
def test_what_is_no_dictionary_says_nothing_at_all(text: bytes) -> None:
    assert parse_priority(text) is None


@given(st.binary(max_size=60) | st.text('ui=?01,; \t()":*a-.@%\\', max_size=60).map(str.encode))
def test_whatever_comes_it_is_a_priority_or_nothing(text: bytes) -> None:
    priority = parse_priority(text)
    if priority is not None:
        assert priority.urgency in (None, *range(8))
        assert priority.incremental in (None, True, False)


@pytest.mark.parametrize(
    "text",
    [
        b"x=" + b"(" * 50_000,
        b"x=(" + b"1 " * 50_000,
        b"x" + b";a" * 50_000 + b";",
        b"a, " * 30_000 + b"!",
        b"x=" + b"1" * 100_000,
        b"x=" + b" " * 100_000,
        b'x="' + b"\\\\" * 50_000,
        b"x=:" + b"=" * 100_000,
        b"u=1" + b" " * 100_000 + b"i",
    ],
)
def test_no_text_takes_long(text: bytes) -> None:
    began = time.process_time()
    assert parse_priority(text) is None
    assert time.process_time() - began < 0.5

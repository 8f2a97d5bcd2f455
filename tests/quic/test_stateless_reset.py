"""A stateless reset: what it looks like, and that it never answers itself for ever."""

from __future__ import annotations

import pytest

from h3producer.quic.keys.stateless_reset import SMALLEST_RESET, ResetTokens, encode_reset

TOKEN = ResetTokens(bytes(32)).token_of(b"eight by")


def made(answered: int) -> bytes:
    reset = encode_reset(TOKEN, answered)
    assert reset is not None
    return reset


@pytest.mark.parametrize("answered", [SMALLEST_RESET + 1, 30, 43, 44, 75, 1200])
def test_it_is_smaller_than_what_it_answers(answered: int) -> None:
    """RFC 9000 §10.3.3."""
    assert all(SMALLEST_RESET <= len(made(answered)) < answered for _ in range(100))


@pytest.mark.parametrize("answered", [0, 7, SMALLEST_RESET])
def test_what_is_too_small_is_not_answered(answered: int) -> None:
    assert encode_reset(TOKEN, answered) is None


def test_two_ends_that_reset_each_other_fall_silent() -> None:
    size, rounds = 1200, 0
    while (reset := encode_reset(TOKEN, size)) is not None:
        size = len(reset)
        rounds += 1
    assert rounds < 100


def test_it_ends_with_the_token() -> None:
    """RFC 9000 §10.3."""
    assert made(1200).endswith(TOKEN)


def test_it_begins_like_any_packet_of_an_open_connection() -> None:
    """RFC 9000 §17.3.1: form 0, fixed bit 1; all else is protected, and so looks random."""
    firsts = {made(1200)[0] for _ in range(2000)}
    assert firsts == set(range(0x40, 0x80))


def test_its_size_does_not_tell_it_apart() -> None:
    assert len({len(made(1200)) for _ in range(2000)}) > 20


def test_nothing_else_in_it_comes_twice() -> None:
    assert len({made(1200)[1:-16] for _ in range(100)}) == 100

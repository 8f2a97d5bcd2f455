"""The ids that a server issues: random, but for the slot of the process that issued them."""

from __future__ import annotations

import pytest

from h3producer.quic.connection_ids import MAX_SLOTS, PlainIds
from h3producer.quic.keys.stateless_reset import RESET_TOKEN_SIZE, ResetTokens

TOKENS = ResetTokens(bytes(32))


@pytest.mark.parametrize("slot", [0, 1, MAX_SLOTS - 1])
def test_an_id_leads_to_the_slot_of_who_made_it(slot: int) -> None:
    ids = PlainIds(TOKENS, slot)
    assert {ids.slot_of(ids.make()) for _ in range(100)} == {slot}


def test_every_process_reads_the_slots_of_all_others() -> None:
    assert PlainIds(TOKENS, 3).slot_of(PlainIds(TOKENS, 40).make()) == 40


def test_but_for_the_slot_ids_are_random() -> None:
    ids = PlainIds(TOKENS, 5)
    made = [ids.make() for _ in range(200)]
    assert len({each[0] for each in made}) == 256 // MAX_SLOTS
    assert len({each[1:] for each in made}) == 200


def test_without_a_slot_they_are_random_altogether() -> None:
    ids = PlainIds(TOKENS)
    assert len({ids.slot_of(ids.make()) for _ in range(1000)}) > MAX_SLOTS // 2


@pytest.mark.parametrize("length", [1, 8, 20])
def test_they_have_the_length_that_was_asked_for(length: int) -> None:
    ids = PlainIds(TOKENS, 9, length)
    assert len(ids.make()) == ids.length == length


def test_a_token_follows_from_the_id_and_the_key() -> None:
    ids = PlainIds(TOKENS)
    assert ids.token_of(b"eight by") == PlainIds(ResetTokens(bytes(32)), 7).token_of(b"eight by")
    assert len(ids.token_of(b"eight by")) == RESET_TOKEN_SIZE


def test_other_ids_and_other_keys_have_other_tokens() -> None:
    tokens = {
        PlainIds(ResetTokens(key)).token_of(each)
        for key in (bytes(32), b"k" * 32)
        for each in (b"eight by", b"eight bz")
    }
    assert len(tokens) == 4

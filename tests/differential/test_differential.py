"""A second opinion on the same bytes: does anybody take what we refuse, or refuse what we take?

Hypothesis makes request streams that are right or slightly wrong. Each is judged by the rules of
the RFCs, written down a second time (`rules.py`), by us, and by each other implementation that is
installed. Where we are alone, an entry has to say why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder
from tests.differential.cases import CASES, Case
from tests.differential.differences import DIFFERENCES, Difference
from tests.differential.implementations import Aioquic, Nghttp3, Ours, Qh3
from tests.differential.opinion import REFUSED
from tests.differential.rules import broken_rules
from tests.fuzz.choices import Choices
from tests.fuzz.targets.request_fields import SEEDS, section

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.differential.opinion import Opinion

OTHERS: dict[str, Callable[[], Opinion]] = {"aioquic": Aioquic, "qh3": Qh3, "nghttp3": Nghttp3}


def opinion(name: str) -> Opinion:
    try:
        return OTHERS[name]()
    except ImportError:
        pytest.skip(f"{name} is not installed: webtransport-py needs Python 3.12 or later")


@settings(max_examples=300)
@given(CASES)
def test_we_take_what_breaks_no_rule_and_refuse_what_breaks_one(case: Case) -> None:
    broken = broken_rules(case)
    assert Ours().judge(case.pieces).is_accepted == (not broken), broken


@pytest.mark.parametrize("name", OTHERS)
def test_whoever_differs_from_us_is_known_to(name: str) -> None:
    other = opinion(name)

    @settings(max_examples=300)
    @given(CASES)
    def compare(case: Case) -> None:
        ours, theirs = Ours().judge(case.pieces), other.judge(case.pieces)
        if ours == theirs:
            return
        if ours == REFUSED:
            assert broken_rules(case), "They take it, and no rule says that they should not."
        else:
            assert any(name in each.who and each.applies(case) for each in DIFFERENCES)

    compare()


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda each: each.reason[:50])
def test_a_known_difference_is_still_one(difference: Difference) -> None:
    """When they change their minds, the entry goes."""
    case = difference.example
    assert difference.applies(case)
    assert broken_rules(case) == []
    ours = Ours().judge(case.pieces)
    assert ours.is_accepted
    for name in difference.who:
        assert opinion(name).judge(case.pieces) != ours


# Field sections

SECTIONS = {name: section(Choices(seed)) for name, seed in SEEDS.items() if name != "an empty name"}


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_of_ours_says_the_same_to_another_decoder(name: str) -> None:
    library = pytest.importorskip("qh3._hazmat")
    payload = FieldSectionEncoder().encode(SECTIONS[name])
    assert library.QpackDecoder(0, 0).feed_header(0, payload)[1] == SECTIONS[name]


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_of_another_encoder_says_the_same_to_us(name: str) -> None:
    library = pytest.importorskip("qh3._hazmat")
    instructions, payload = library.QpackEncoder().encode(0, SECTIONS[name])
    assert instructions == b""
    assert FieldSectionDecoder().decode(0, payload) == SECTIONS[name]

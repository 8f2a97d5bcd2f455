"""The ids of request streams: new once, in any order, and not beyond what a client can have."""

from __future__ import annotations

import pytest

from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.http3.request_ids import RequestIds


def test_an_id_is_new_once() -> None:
    ids = RequestIds(10)
    assert [ids.is_new(each) for each in (0, 4, 4, 0)] == [True, True, False, False]


def test_a_lower_id_that_was_skipped_is_new_once() -> None:
    ids = RequestIds(10)
    assert [ids.is_new(each) for each in (8, 4, 4, 0, 0)] == [True, True, False, True, False]


def test_what_has_begun_is_what_was_seen() -> None:
    ids = RequestIds(10)
    ids.is_new(8)
    assert [ids.has_begun(each) for each in (0, 4, 8, 12)] == [False, False, True, False]


def test_as_many_may_be_skipped_as_may_be_open() -> None:
    assert RequestIds(3).is_new(12)
    with pytest.raises(Http3ConnectionError) as caught:
        RequestIds(3).is_new(16)
    assert caught.value.error_code is ErrorCode.H3_EXCESSIVE_LOAD


def test_the_first_impossible_id_moves_with_the_streams() -> None:
    ids = RequestIds(3)
    assert [ids.is_possible(each) for each in (0, 8, 12)] == [True, True, False]
    ids.is_new(0)
    assert [ids.is_possible(each) for each in (12, 16)] == [True, False]

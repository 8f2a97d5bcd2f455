"""Tests of `shown.py`."""

from __future__ import annotations

import pytest

from tests.docs.shown import is_said


@pytest.mark.parametrize(
    ("shown", "output"),
    [
        ("", "whatever\n"),
        ("a\n", "a\n"),
        ("a\n", "a"),
        ("a\nb\n", "a  \nb\n\n"),
        ("a … c\n", "a b c\n"),
        ("a…\n", "a\n"),
        ("…\nb\n", "a\na\nb\n"),
        ("a\n…\n", "a\n"),
        ("(a|b)*\n", "(a|b)*\n"),
    ],
)
def test_what_is_shown_is_said(shown: str, output: str) -> None:
    assert is_said(shown, output)


@pytest.mark.parametrize(
    ("shown", "output"),
    [
        ("a\n", ""),
        ("a\n", "b\n"),
        ("a\n", "a\nb\n"),
        ("a\nb\n", "b\na\n"),
        ("a … c\n", "a\nc\n"),
        ("…\nb\n", "b\na\n"),
        ("a.c\n", "abc\n"),
    ],
)
def test_what_is_shown_and_not_said_is_a_lie(shown: str, output: str) -> None:
    assert not is_said(shown, output)

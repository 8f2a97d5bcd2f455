"""Tests of `cli/option.py`: the words for numbers, sizes and seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from h3producer.cli.option import (
    NONE,
    environment_names,
    number,
    option,
    or_none,
    seconds,
    size,
)

if TYPE_CHECKING:
    from h3producer.cli.option import Convert

PORT = option("--port", "port", help="UDP port.")
CONTEXT = click.Context(click.Command("serve"))


def converted(convert: Convert, text: str | None) -> object:
    return convert(CONTEXT, PORT, text)


@pytest.mark.parametrize(
    ("convert", "text", "value"),
    [
        (size, "0", 0),
        (size, "65536", 65536),
        (size, "64k", 65536),
        (size, "64 KiB", 65536),
        (size, "1m", 1 << 20),
        (size, "2GiB", 2 << 30),
        (number, "7", 7),
        (seconds, "1.5", 1.5),
        (or_none(size, "a size"), "8k", 8192),
        (or_none(size, "a size"), "none", NONE),
        (or_none(seconds, "a number of seconds"), " None ", NONE),
    ],
)
def test_words_become_values(convert: Convert, text: str, value: object) -> None:
    assert converted(convert, text) == value


@pytest.mark.parametrize("convert", [size, number, seconds, or_none(size, "a size")])
def test_what_is_not_given_stays_so(convert: Convert) -> None:
    assert converted(convert, None) is None


@pytest.mark.parametrize(
    ("convert", "text", "sentence"),
    [
        (size, "64q", "'64q' is not a size; give bytes, or as in 64k or 1m."),
        (size, "-1", "'-1' is not a size; give bytes, or as in 64k or 1m."),
        (number, "1.5", "'1.5' is not a whole number."),
        (seconds, "soon", "'soon' is not a number of seconds."),
        (or_none(size, "a size"), "big", "'big' is neither a size nor 'none'."),
    ],
)
def test_other_words_are_refused_in_one_sentence(
    convert: Convert, text: str, sentence: str
) -> None:
    with pytest.raises(click.BadParameter) as caught:
        converted(convert, text)
    assert caught.value.message == sentence


def test_the_help_ends_with_the_default() -> None:
    assert PORT.help == "UDP port.  [4433]"


def test_no_variable_is_made_of_a_short_or_a_negative_name() -> None:
    names = environment_names("-b", "--bind", "--access-log/--no-access-log")
    assert names == ["H3PRODUCER_BIND", "H3PRODUCER_ACCESS_LOG"]

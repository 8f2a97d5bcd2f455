"""`date` and `server`: the right words, and no more work than once a second."""

from __future__ import annotations

from h3producer.config import Config
from h3producer.http3.default_fields import DefaultFieldLines

NEW_YEAR_1994 = 757_382_400.0


class Clock:
    """Unix time that a test moves."""

    def __init__(self) -> None:
        self.now = NEW_YEAR_1994

    def __call__(self) -> float:
        return self.now


def test_the_fields_are_the_server_and_the_date_in_imf_fixdate_form() -> None:
    lines = DefaultFieldLines(Config(), Clock()).lines()
    assert lines == [(b"server", b"h3producer"), (b"date", b"Sat, 01 Jan 1994 00:00:00 GMT")]


def test_the_date_is_formatted_once_a_second() -> None:
    clock = Clock()
    default_fields = DefaultFieldLines(Config(), clock)
    first = default_fields.lines()
    clock.now += 0.999
    assert default_fields.lines() is first
    clock.now += 0.001
    assert default_fields.lines()[1] == (b"date", b"Sat, 01 Jan 1994 00:00:01 GMT")


def test_either_field_can_be_switched_off() -> None:
    clock = Clock()
    assert DefaultFieldLines(Config(server_header=None, date_header=False), clock).lines() == []
    assert DefaultFieldLines(Config(date_header=False), clock).lines() == [
        (b"server", b"h3producer")
    ]


def test_by_default_the_date_is_that_of_the_system() -> None:
    (_, (name, value)) = DefaultFieldLines(Config()).lines()
    assert (name, value[-4:]) == (b"date", b" GMT")

"""Tests of `quic/siblings/passed_sockets.py`: whose descriptors they are, and which."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from h3producer.quic.siblings import passed_sockets
from h3producer.quic.siblings.passed_sockets import NotPassed, passed_descriptors

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = str(os.getpid())


@pytest.fixture(autouse=True)
def three_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Descriptors 200 to 202 are open, and inheritable, as they come from a service manager."""
    monkeypatch.setattr(passed_sockets, "FIRST", 200)
    with open(os.devnull) as file:
        numbers = [os.dup2(file.fileno(), number) for number in (200, 201, 202)]
    yield
    for number in numbers:
        os.close(number)


def passed(name: str = "", **variables: str) -> tuple[int, ...]:
    return passed_descriptors(name, environment=variables)


def test_there_are_as_many_as_the_manager_says() -> None:
    assert passed(LISTEN_PID=OURS, LISTEN_FDS="1") == (200,)
    assert passed(LISTEN_PID=OURS, LISTEN_FDS="3") == (200, 201, 202)


def test_several_may_have_one_name() -> None:
    """A socket unit with two ListenDatagram= lines gives both its name."""
    assert passed("a", LISTEN_PID=OURS, LISTEN_FDS="3", LISTEN_FDNAMES="a:b:a") == (200, 202)


def test_without_names_none_is_found_by_name() -> None:
    with pytest.raises(NotPassed, match="no socket called 'a'"):
        passed("a", LISTEN_PID=OURS, LISTEN_FDS="3")


@pytest.mark.parametrize("pid", ["", "1", f"{OURS}0", "x"])
def test_what_was_passed_to_another_process_is_not_ours(pid: str) -> None:
    with pytest.raises(NotPassed, match="to this process"):
        passed(LISTEN_PID=pid, LISTEN_FDS="1")


@pytest.mark.parametrize("count", ["", "0", "-1", "x", "1.0", "1025", "٣"])
def test_a_number_that_cannot_be_is_none(count: str) -> None:
    with pytest.raises(NotPassed, match="no sockets"):
        passed(LISTEN_PID=OURS, LISTEN_FDS=count)


def test_a_descriptor_that_is_not_open_is_named() -> None:
    with pytest.raises(NotPassed, match="fd 203, which is not open"):
        passed(LISTEN_PID=OURS, LISTEN_FDS="4")


def test_programs_that_we_start_do_not_inherit_them() -> None:
    assert os.get_inheritable(200)
    passed(LISTEN_PID=OURS, LISTEN_FDS="1")
    assert not os.get_inheritable(200)

"""The event loop of a server: asyncio's, uvloop's, or what is there."""

from __future__ import annotations

import asyncio
import sys

import pytest

from h3producer.server.errors import StartupError
from h3producer.server.event_loop import ExactLoop, exact_loop, loop_factory


def test_asyncios_loop_is_asyncios_own_choice() -> None:
    assert loop_factory("asyncio") is None


@pytest.mark.parametrize("name", ["auto", "uvloop"])
def test_uvloop_is_taken_if_it_is_there(name: str) -> None:
    uvloop = pytest.importorskip("uvloop")
    factory = loop_factory(name)  # type: ignore[arg-type]  # one of its literals
    assert factory is not None
    loop = factory()
    loop.close()
    assert isinstance(loop, uvloop.Loop)


def test_without_uvloop_auto_is_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop_factory("auto") is None


def test_without_uvloop_who_asks_for_it_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(StartupError, match=r"^uvloop is not installed: pip install .+\.$"):
        loop_factory("uvloop")


async def test_asyncios_own_loop_is_exact() -> None:
    loop = asyncio.get_running_loop()
    assert exact_loop(loop) is loop


def test_the_clock_of_another_loop_does_not_stand_still() -> None:
    uvloop = pytest.importorskip("uvloop")
    loop = uvloop.new_event_loop()
    try:
        exact = exact_loop(loop)
        assert isinstance(exact, ExactLoop)
        assert exact.time() < exact.time() < exact.time()
    finally:
        loop.close()


def test_a_timer_of_another_loop_fires_by_that_clock() -> None:
    uvloop = pytest.importorskip("uvloop")
    loop = uvloop.new_event_loop()
    try:
        exact = exact_loop(loop)
        due = exact.time() + 0.005
        exact.call_at(due, loop.stop)
        loop.run_forever()
        assert exact.time() >= due - 0.001
    finally:
        loop.close()

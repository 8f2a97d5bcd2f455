"""The picture: true to its story, well-formed, and in one piece."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from h3producer.quic.aioquic.internals import IS_KNOWN_RELEASE
from h3producer.quic.udp.sockets import FORBIDS_FRAGMENTS
from h3producer.trace.page import page
from h3producer.trace.picture import draw
from h3producer.trace.records import read_recording
from h3producer.trace.remarks import longest_pause, most_unsent, remarks_on
from h3producer.trace.telling import tell
from tests.trace.__main__ import PICTURES
from tests.trace.events import ack, began, ended, frame, recording, request, sent, settings
from tests.trace.scene import play

if TYPE_CHECKING:
    from pathlib import Path

    from h3producer.trace.story import Story

WAITING = recording(
    (0.0, settings(1000)),
    (0.0, request("GET", "/<&>")),
    (0.0, began("write", length=2000)),
    (0.0, frame("headers", 20)),
    (0.0, frame("data", 2000)),
    (1.0, sent(1, 0, 1000)),
    (1.0, began("drain", unsent=1025)),
    (9.0, ack(1, (1, 1))),
    (60.0, ("transport:packet_received", {"header": {}, "frames": []})),
    (90.0, ended("drain")),
    (90.0, ended("write")),
    (91.0, sent(2, 1000, 1025, fin=True)),
    (99.0, ack(2, (1, 2))),
)
FOREIGN = recording((0.0, sent(1, 0, 500)), (1.0, sent(2, 0, 500)), (5.0, ack(1, (1, 2))))
"""Of a server that notes packets only, and had to send one again."""


def texts(svg: str) -> list[str]:
    """All words on it."""
    root = ElementTree.fromstring(svg)
    return [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


async def scene(directory: Path) -> Story:
    return tell(read_recording(await play(directory)))


@pytest.mark.skipif(
    not (IS_KNOWN_RELEASE and FORBIDS_FRAGMENTS),
    reason="another aioquic, or another system, has its own way of sending",
)
@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
async def test_the_pictures_in_the_docs_are_those_of_the_scene(path: Path, tmp_path: Path) -> None:
    story = tell(read_recording(await play(tmp_path, PICTURES[path])))
    assert text_of(path) == draw(story), "make picture"


async def test_the_scene_shows_a_client_that_holds_the_application_up(tmp_path: Path) -> None:
    story = await scene(tmp_path)
    pause = longest_pause(story)
    assert pause is not None
    assert pause.length > 300
    sentences = [each.sentence for each in remarks_on(story)]
    assert sentences[0].startswith("The client stops reading")
    assert "Its window is full" in sentences[1]
    assert "await send() waits" in sentences[1]
    assert "The client reads on and raises its limit" in sentences[2]


async def test_what_waits_is_bounded_by_the_mark_and_a_frame(tmp_path: Path) -> None:
    story = await scene(tmp_path)
    assert most_unsent(story) < (64 + 16 + 1) * 1024


async def test_without_a_bound_all_that_the_application_has_waits(tmp_path: Path) -> None:
    story = tell(read_recording(await play(tmp_path, 64 * 1024 * 1024)))
    assert not story.drains
    assert remarks_on(story)[-1].sentence == (
        "The end, with FIN. Of 1.1 MiB, 1.1 MiB waited unsent at once."
    )


def test_a_wait_is_named_by_how_long_it_was() -> None:
    assert "waits 90 ms" in texts(draw(tell(WAITING)))


def test_a_log_of_packets_alone_is_drawn_without_what_it_does_not_say() -> None:
    words = texts(draw(tell(FOREIGN)))
    assert "packets sent" in words
    assert "await send()" not in words
    assert "written by the app" not in words
    assert any("1 of them repeated" in each for each in words)


@pytest.mark.parametrize("events", [WAITING, FOREIGN])
def test_a_picture_is_well_formed_and_asks_for_no_other_file(events: object) -> None:
    svg = draw(tell(events))  # type: ignore[arg-type]  # a list of recordings
    ElementTree.fromstring(svg)
    assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]
    assert "<script" not in svg
    assert "url(" not in svg


def test_a_picture_is_readable_by_night() -> None:
    assert "@media (prefers-color-scheme:dark)" in draw(tell(WAITING))


def test_the_same_story_makes_the_same_bytes() -> None:
    assert draw(tell(WAITING)) == draw(tell(WAITING))


def test_what_a_client_asked_for_is_no_markup() -> None:
    svg = draw(tell(WAITING))
    assert "GET /<&>: the life of one response" in texts(svg)
    assert "<&>" not in svg


def test_a_picture_is_told_to_who_does_not_see_it() -> None:
    root = ElementTree.fromstring(draw(tell(WAITING)))
    described = root.find("{http://www.w3.org/2000/svg}desc")
    assert described is not None
    assert "await send() waits for 90 ms" in (described.text or "")


def test_a_page_has_the_picture_in_it() -> None:
    story = tell(WAITING)
    assert draw(story) in page(story)
    assert page(story).startswith("<!doctype html>")

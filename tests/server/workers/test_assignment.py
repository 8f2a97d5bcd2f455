"""Tests of `server/workers/assignment.py`: what a worker is told, as bytes and back."""

from __future__ import annotations

import sys

import pytest

from h3producer.config import Config
from h3producer.quic.keys.shared_keys import SharedKeys
from h3producer.quic.siblings.place import Place
from h3producer.server.errors import StartupError
from h3producer.server.workers.assignment import Assignment

PLACE = Place(
    slot=3, keys=SharedKeys.derive(), sockets=(7, 8), table=9, strikes=10, inbox=11, outboxes=(12,)
)


def test_a_worker_is_told_what_its_parent_was() -> None:
    assignment = Assignment(config=Config(app="hello:app", port=1), place=PLACE)
    again = Assignment.decode(assignment.encode())
    assert again == assignment
    assert (again.path, again.arguments) == (sys.path, sys.argv)


def test_a_setting_that_cannot_leave_the_process_is_a_sentence() -> None:
    config = Config(app="hello:app", log_config={"stream": lambda: None})
    with pytest.raises(StartupError, match="These settings cannot be handed to workers: "):
        Assignment(config=config, place=PLACE).encode()

"""What a server's own process does to the garbage collector, and that it is undone."""

from __future__ import annotations

import gc

from h3producer.server.collector import THRESHOLDS, spared_collector


def test_what_exists_is_out_of_sight_and_the_rest_is_looked_at_less_often() -> None:
    with spared_collector():
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == THRESHOLDS


def test_all_is_as_before_behind_the_block() -> None:
    before = gc.get_threshold()
    with spared_collector():
        pass
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0

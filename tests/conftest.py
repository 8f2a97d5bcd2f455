"""What all tests share: Hypothesis without a stopwatch, since the machines that run it differ, and
the switch that runs them all the long way: on aioquic's own packet writer, and with every response
going through its pump.

    python -m pytest --no-fast-path
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import settings

from h3producer.config import Config
from h3producer.http3.data_pump import DataPump

if TYPE_CHECKING:
    import pytest

settings.register_profile("h3producer", deadline=None)
settings.load_profile("h3producer")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-fast-path", action="store_true", help="turn the fast paths off")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--no-fast-path"):
        os.environ["H3PRODUCER_FAST_PATH"] = "no"  # for servers in processes of their own
        defaults = Config.__init__.__kwdefaults__
        assert defaults is not None
        defaults["fast_path"] = Config.fast_path = False
        DataPump.goes_straight = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is marked `once` has nothing to do with how packets are written."""
    if config.getoption("--no-fast-path"):
        left_out = [item for item in items if item.get_closest_marker("once")]
        items[:] = [item for item in items if not item.get_closest_marker("once")]
        config.hook.pytest_deselected(items=left_out)

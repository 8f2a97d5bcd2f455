"""What a test of several hosts asks for: a machine on which there may be several, and an end."""

from __future__ import annotations

import pytest

from tests.balancing.network import Network, NoNetworkError
from tests.deadline import deadline

__all__ = ["deadline", "machines"]


@pytest.fixture(scope="session")
def machines() -> None:
    """Skips what needs network namespaces where none can be made."""
    try:
        with Network.made() as network:
            network.add("probe", 1, serves=True)
    except NoNetworkError as error:
        pytest.skip(f"Network namespaces need Linux and its root: {error}")

"""What tests of pages share: an end in time, since they talk to real servers."""

from __future__ import annotations

from tests.deadline import deadline

__all__ = ["deadline"]

"""The fixtures of `tests/e2e`: a certificate, and an end in time."""

from __future__ import annotations

from tests.e2e.conftest import connect, deadline, files, no_faults, serve

__all__ = ["connect", "deadline", "files", "no_faults", "serve"]

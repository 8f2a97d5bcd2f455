"""What all tests share: Hypothesis without a stopwatch, since the machines that run it differ."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("h3producer", deadline=None)
settings.load_profile("h3producer")

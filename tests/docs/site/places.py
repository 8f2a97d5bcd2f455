"""What the site takes from outside of `docs/`, and where it puts that.

This file knows paths. Its one rule: a page that a command makes stands beside what it is about, and
is on the site as it is.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ELSEWHERE"]

ELSEWHERE: Final = {
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
    "results/speed.md": "tests/bench/results.md",
    "results/attacks.md": "tests/bench/attacks.md",
    "results/conformance.md": "tests/conformance/results.md",
    "results/autobahn.md": "tests/autobahn/results.md",
    "results/speed.svg": "tests/bench/speed.svg",
}
"""By its place on the site; a source that is not there is left out."""

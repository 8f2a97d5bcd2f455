"""The licences of what is installed with the server, and whether they go with ours.

    python -m tests.release.licences [--write]

This file knows which licences go with MIT for a program that is given away as it is. It refuses to
read licence texts: it takes a package's own word for it, from its metadata.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distribution
from typing import Final

from packaging.requirements import Requirement

from tests.marked_block import MarkedBlock
from tests.release.distributions import ROOT

__all__ = ["COMPATIBLE", "EXTRAS", "TABLE", "compatible", "installed", "table"]

EXTRAS: Final = ("websocket", "uvloop", "reload", "tcp", "metrics", "top")
"""Extras of those who serve; developers' tools are given to nobody."""

COMPATIBLE: Final = frozenset(
    ("MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "MPL-2.0", "ISC")
)
"""By SPDX names. Each may be used by, and given away with, a program under MIT. MPL-2.0 alone asks
for more than a notice: changes to its own files stay under it, and we make none."""

TABLE: Final = MarkedBlock("<!-- made by python -m tests.release.licences -->\n", "<!-- end -->\n")

_CLASSIFIERS: Final = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "ISC License (ISCL)": "ISC",
}
"""Of packages that have no SPDX expression yet."""

_WORDS: Final = {"BSD": "BSD-3-Clause", "Apache 2.0": "Apache-2.0", "MIT License": "MIT"}


def licence_of(package: Distribution) -> str:
    """An SPDX expression; empty if the package does not say."""

    def values(name: str) -> list[str]:
        return [str(each) for each in package.metadata.get_all(name) or ()]

    for expression in values("License-Expression"):
        return expression
    for classifier in values("Classifier"):
        if (name := classifier.rpartition(" :: ")[2]) in _CLASSIFIERS:
            return _CLASSIFIERS[name]
    said = "".join(values("License"))
    return _WORDS.get(said, said if len(said) < 40 else "")


def compatible(expression: str) -> bool:
    """Whether there is a way to take it: `OR` leaves us the choice, `AND` does not."""
    return bool(expression) and any(
        all(part.strip(" ()") in COMPATIBLE for part in re.split(r" AND ", each))
        for each in re.split(r" OR ", expression)
    )


def installed() -> dict[str, Distribution]:
    """What the server and its extras need, and what that needs, as far as it is installed here."""
    found: dict[str, Distribution] = {}
    wanted = [("h3producer", frozenset(EXTRAS))]
    while wanted:
        name, extras = wanted.pop()
        for text in distribution(name).requires or ():
            requirement = Requirement(text)
            key = requirement.name.lower().replace("_", "-")
            marker = requirement.marker
            needed = marker is None or any(
                marker.evaluate({"extra": extra}) for extra in (*extras, "")
            )
            if not needed or (key in found and not requirement.extras):
                continue
            try:
                package = distribution(requirement.name)
            except LookupError:
                continue  # an extra that is not installed
            if key != "h3producer":
                found[key] = package
            wanted.append((requirement.name, frozenset(requirement.extras)))
    return found


def table() -> str:
    """The table of the page."""
    rows = (
        f"| {name} | {package.version} | {licence_of(package)} |"
        for name, package in sorted(installed().items())
    )
    return "\n".join(("| package | tried with | licence |", "|---|---|---|", *rows, ""))


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        TABLE.write(ROOT / "docs" / "release.md", table(), "the table of licences")
    else:
        print(table(), end="")

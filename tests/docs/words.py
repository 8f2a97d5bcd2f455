"""The names that a page uses: options, variables, paths, targets, names of the package.

This file knows how each is written on a page. It refuses to know which of them exist.
"""

from __future__ import annotations

import re

__all__ = ["makes", "option_rows", "options", "paths", "public_names", "variables"]

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def options(text: str) -> set[str]:
    """What begins with two dashes, in code."""
    code = re.findall(r"```.*?```|`[^`\n]+`", _COMMENT.sub("", text), re.DOTALL)
    return {name for part in code for name in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", part)}


def option_rows(text: str) -> dict[str, str]:
    """The options of tables whose second column is called `default`, and these defaults."""
    tables = re.findall(r"^\|[^|\n]*\| default \|.*\n((?:\|.*\n)+)", text, re.MULTILINE)
    rows = re.findall(r"^\| `(--[a-z-]+)` \|([^|]*)\|", "".join(tables), re.MULTILINE)
    return {option: default.strip() for option, default in rows}


def variables(text: str) -> set[str]:
    """Environment variables of ours."""
    return set(re.findall(r"\bH3PRODUCER_[A-Z0-9_]*[A-Z0-9]\b", text))


def paths(text: str) -> set[str]:
    """Files and directories of the repository, in code."""
    found = re.findall(r"`((?:h3producer|tests|examples|certs|docs)/[\w/.-]*)`", text)
    return {path.rstrip(".") for path in found}


def makes(text: str) -> set[str]:
    """Targets of the Makefile."""
    return set(re.findall(r"(?:`|^\$ )make ([a-z-]+)", text, re.MULTILINE))


def public_names(text: str) -> set[str]:
    """What is asked of the package by its name, in code."""
    return set(re.findall(r"\bh3producer\.([A-Za-z_]+)\b", text))

"""The page of all settings, made from `Config` and the options of the command line.

This file knows where each fact about a setting stands: name, default and reason in the source of
`Config`, its option and variable among the options, its range among the ranges. It refuses to know
any setting. Its one rule: nothing is said here that is not said there, so the page cannot go stale.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import click

from h3producer.cli.options import SERVE_OPTIONS
from h3producer.config import Config
from h3producer.config.ranges import KIB, MIB, RANGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Group", "Setting", "groups", "settings_page"]

_UNITS: Final = {"SIZE": "bytes", "SECONDS": "seconds"}
"""By what an option's help calls its value."""


@dataclass(frozen=True)
class Setting:
    """One field of `Config`."""

    name: str
    reason: str
    """Its docstring, in one line."""

    @property
    def default(self) -> object:
        return getattr(Config, self.name)

    @property
    def option(self) -> click.Parameter | None:
        """Its option, if it has one; the application is the command's argument."""
        return next((each for each in SERVE_OPTIONS if each.name == self.name), None)


@dataclass
class Group:
    """Settings that stand together, and what the source says above them."""

    title: str
    remark: str = ""
    settings: list[Setting] = field(default_factory=list)


def groups() -> list[Group]:
    """All settings as the source has them."""
    classes = [each for each in Config.__mro__ if each.__module__.startswith("h3producer.")]
    return [group for each in classes for group in _groups_of(each) if group.settings]


def settings_page() -> str:
    """The page's part below its introduction, as Markdown."""
    return "\n".join(line for group in groups() for line in _section(group))


def _groups_of(owner: type) -> Iterator[Group]:
    source = textwrap.dedent(inspect.getsource(owner))
    [definition] = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef)
    lines = source.splitlines()
    summary = (inspect.getdoc(owner) or "").partition("\n")[0]
    group = Group(owner.__name__, "" if owner is Config else summary)
    for node, following in zip(definition.body, [*definition.body[1:], None], strict=True):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        if comment := _comment_above(lines, node.lineno):
            yield group
            title, _, _ = re.split(r"([,;.])", f"{comment};", maxsplit=1)
            group = Group(title, comment if title != comment.rstrip(".") else "")
        assert isinstance(following, ast.Expr), f"{node.target.id} has no reason."
        assert isinstance(following.value, ast.Constant)
        group.settings.append(Setting(node.target.id, " ".join(str(following.value.value).split())))
    yield group


def _comment_above(lines: Sequence[str], line: int) -> str:
    """The comment over a field with an empty line between them: it is about all that follow."""
    if line < 3 or lines[line - 2].strip():
        return ""
    found: list[str] = []
    while (text := lines[line - 3 - len(found)].strip()).startswith("# "):
        found.insert(0, text.removeprefix("# "))
    return " ".join(found)


def _section(group: Group) -> Iterator[str]:
    yield f"\n## {group.title}\n"
    if group.remark:
        yield f"{group.remark}\n"
    yield "| setting | default | values | what it is, and why |"
    yield "|---|---|---|---|"
    for setting in group.settings:
        cells = (_names(setting), _default(setting), _values(setting), setting.reason)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _names(setting: Setting) -> str:
    """The name, with an anchor, and its option and variables below it."""
    names = [f'<a id="{setting.name}"></a>**`{setting.name}`**']
    if setting.name == "app":
        names.append("`APP`, `H3PRODUCER_APP`")
    if (option := setting.option) is not None:
        names.append(", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts)))
        names.append(", ".join(f"`{name}`" for name in option.envvar or ()))
    return "<br>".join(name for name in names if name)


def _default(setting: Setting) -> str:
    value = setting.default
    if value is None or value in ((), ""):
        return "–"
    if isinstance(value, bool):
        return "on" if value else "off"
    return _number(value) if isinstance(value, int | float) else f"`{value}`"


def _values(setting: Setting) -> str:
    option = setting.option
    if option is not None and isinstance(option.type, click.Choice):
        return ", ".join(f"`{choice}`" for choice in option.type.choices)
    unit = _UNITS.get((option.metavar or "") if option is not None else "", "")
    for name, low, high in RANGES:
        if name == setting.name:
            return f"{unit} {_number(low)} to {_number(high)}".strip()
    return unit


def _number(value: float) -> str:
    """As a person writes it: `64k`, `30,000,000`, `0.1`."""
    if value >= MIB and value % MIB == 0:
        return f"{value // MIB:.0f}M"
    if value >= KIB and value % KIB == 0:
        return f"{value // KIB:.0f}k"
    if not float(value).is_integer():
        return f"{value:g}"
    return f"{value:,.0f}" if value >= 100_000 else f"{value:.0f}"

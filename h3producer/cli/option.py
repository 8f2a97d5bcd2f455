"""One option of `h3producer APP`: what it converts, where else it can be said, what its help shows.

This file knows click and the units that people write. It refuses to know which options there are.

Its one rule: an option's destination is the name of a `Config` field, and each of its long names
is an environment variable, too: `--ssl-certfile` is `H3PRODUCER_SSL_CERTFILE`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import click

from h3producer.config import Config
from h3producer.config.ranges import KIB, MIB

if TYPE_CHECKING:
    from collections.abc import Callable

    Convert = Callable[[click.Context, click.Parameter, Any], object]
    """`Any`: what click gives to a callback depends on the option."""

__all__ = ["NONE", "environment_names", "number", "option", "or_none", "seconds", "size"]

NONE: Final = float("inf")
"""What the word `none` becomes until it is `None`: for an option None means "not given"."""

_UNITS = {"": 1, "k": KIB, "m": MIB, "g": KIB * MIB}


def environment_names(*option_names: str) -> list[str]:
    """The variables that stand for an option, in the order in which they are asked."""
    long_names = [name for names in option_names for name in names.split("/")]
    return [
        "H3PRODUCER_" + name.removeprefix("--").replace("-", "_").upper()
        for name in long_names
        if name.startswith("--") and not name.startswith("--no-")
    ]


def size(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    """Bytes, with k, m or g for KiB, MiB or GiB: `65536`, `64k`, `1MiB`."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d+) ?([kmg]?)(i?b)?", value.strip().lower())
    if match is None:
        raise click.BadParameter(f"'{value}' is not a size; give bytes, or as in 64k or 1m.")
    return int(match[1]) * _UNITS[match[2]]


def number(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    """A whole number."""
    try:
        return None if value is None else int(value)
    except ValueError:
        raise click.BadParameter(f"'{value}' is not a whole number.") from None


def seconds(_context: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    """A number of seconds, whole or not."""
    try:
        return None if value is None else float(value)
    except ValueError:
        raise click.BadParameter(f"'{value}' is not a number of seconds.") from None


def or_none(convert: Convert, what: str) -> Convert:
    """The same conversion, but that the word `none` is `NONE`; `what` is what else it can be."""

    def converted(context: click.Context, parameter: click.Parameter, value: str | None) -> object:
        if value is not None and value.strip().lower() == "none":
            return NONE
        try:
            return convert(context, parameter, value)
        except click.BadParameter:
            raise click.BadParameter(f"'{value}' is neither {what} nor 'none'.") from None

    return converted


def option(
    *names: str,
    help: str,
    type: type[object] | click.Choice[str] | None = None,
    convert: Convert | None = None,
    metavar: str | None = None,
    multiple: bool = False,
    is_flag: bool | None = None,
) -> click.Option:
    """An option whose last name is its `Config` field."""
    return click.Option(
        names,
        type=type,
        callback=convert,
        metavar=metavar,
        multiple=multiple,
        is_flag=is_flag,
        default=None,
        envvar=environment_names(*names[:-1]),
        help=f"{help}{_show(getattr(Config, names[-1]))}",
    )


def _show(default: object) -> str:
    if default is None or default == () or default == "":
        return ""
    if isinstance(default, bool):
        return f"  [{'on' if default else 'off'}]"
    if isinstance(default, int) and default >= KIB and default % KIB == 0:
        return f"  [{default // KIB}k]"
    return f"  [{default}]"

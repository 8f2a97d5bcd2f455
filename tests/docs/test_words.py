"""Every option, variable, path, target and name on a page exists, and each default is right."""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING

import pytest

import h3producer
from h3producer.cli.cert import cert
from h3producer.cli.get import get
from h3producer.cli.options import SERVE_OPTIONS, config_from_options
from h3producer.cli.program import COMMANDS
from h3producer.observe.instruments import INSTRUMENTS
from tests.docs.blocks import PAGES, ROOT, text_of
from tests.docs.words import makes, option_rows, options, paths, public_names, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

OTHERS = {
    # curl's
    "--http3",
    "--http3-only",
    "--unix-socket",
    "--cacert",
    # Chromium's
    "--origin-to-force-quic-on",
    "--ignore-certificate-errors-spki-list",
    "--enable-features",
    # pytest's
    "--no-fast-path",
    # of every command
    "--help",
    "--version",
    # of `python -m tests.…`
    "--seconds",
    "--write",
    "--cases",
    "--list",
    "--only",
}
"""Options of other programs, which pages may name."""

METERS = {each.name.split(".")[1] for each in INSTRUMENTS}

NOT_NAMES = METERS | {"error", "access", "early_data", "pem", "key", "service", "socket", "toml"}
"""What follows `h3producer.` in names of meters, loggers, an extension of ASGI, and files."""

FOREIGN_PAGES = ("docs/migration.md", "docs/deploy/")
"""Pages about other programs, whose own tests read them."""


def _parameters() -> Iterator[click.Parameter]:
    yield from SERVE_OPTIONS
    for command in (*COMMANDS.values(), get, cert):
        yield from command.params


OURS = {name for each in _parameters() for name in (*each.opts, *each.secondary_opts)}
VARIABLES = {name for each in _parameters() for name in each.envvar or () if len(name) > 1}

OUR_PAGES = [page for page in PAGES if not page.startswith(FOREIGN_PAGES)]


@pytest.mark.parametrize("page", OUR_PAGES)
def test_every_option_exists(page: str) -> None:
    assert options(text_of(page)) - OURS - OTHERS == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_exists(page: str) -> None:
    assert variables(text_of(page)) - VARIABLES - {"H3PRODUCER_APP"} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_path_exists(page: str) -> None:
    assert [path for path in sorted(paths(text_of(page))) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_target_is_in_the_makefile(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = makes(text_of(page))
    assert {target for target in targets if f"\n{target}:" not in makefile} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_public_name_exists(page: str) -> None:
    named = public_names(text_of(page)) - NOT_NAMES
    unknown = {name for name in named if not hasattr(h3producer, name)}
    assert {each for each in unknown if not importlib.util.find_spec(f"h3producer.{each}")} == set()


DEFAULTS = [
    (page, option, default)
    for page in OUR_PAGES
    for option, default in option_rows(text_of(page)).items()
]


@pytest.mark.parametrize(("page", "option", "default"), DEFAULTS)
def test_every_default_is_the_default(page: str, option: str, default: str) -> None:
    [field] = [each.name for each in SERVE_OPTIONS if option in (*each.opts, *each.secondary_opts)]
    value = getattr(config_from_options("hello:app", {}), str(field))
    if found := re.fullmatch(r"(\d+)([kM])", default):
        assert value == int(found[1]) * {"k": 1024, "M": 1024 * 1024}[found[2]]
    elif default in ("on", "off"):
        assert value is (default == "on")
    else:
        assert str(value if value is not None else "") in (default, f"{default}.0")

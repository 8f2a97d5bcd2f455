"""The site is whole: every page is in it, every link leads somewhere, every public name and setting
is described. `make docs` checks it once more, as MkDocs sees it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import h3producer
import h3producer.pipe
from h3producer.config import Config
from tests.docs.blocks import PAGES, ROOT, text_of
from tests.docs.site.figures import FIGURES
from tests.docs.site.places import ELSEWHERE
from tests.docs.site.settings import groups, settings_page

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = [page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")]
GENERATED = [place for place, source in ELSEWHERE.items() if (ROOT / source).exists()]


def navigation() -> list[str]:
    """The pages in `mkdocs.yml`."""

    def pages(entry: Any) -> Iterator[str]:  # a page, or sections of them, as YAML has it
        if isinstance(entry, str):
            yield entry
        else:
            for each in entry.values() if isinstance(entry, dict) else entry:
                yield from pages(each)

    text = (ROOT / "mkdocs.yml").read_text()
    return list(pages(yaml.safe_load(text.partition("\nnav:")[2])))


def anchors(text: str) -> set[str]:
    """Where a link into a page may lead."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    plain = (re.sub(r"[^\w\s-]", "", title.lower()).strip() for title in titles)
    identifiers = re.findall(r"^::: (\S+)", prose, re.MULTILINE)
    return {*(re.sub(r"[\s]+", "-", title) for title in plain), *identifiers}


def test_every_page_is_in_the_navigation() -> None:
    pages = [place for place in GENERATED if place.endswith(".md")]
    assert sorted(navigation()) == sorted([*DOCS, *pages])


@pytest.mark.parametrize("page", DOCS)
def test_every_link_leads_somewhere(page: str) -> None:
    for link in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", text_of(f"docs/{page}")):
        path, _, anchor = link.partition("#")
        target = (ROOT / "docs" / page).parent.joinpath(path).resolve() if path else None
        place = str(target.relative_to(ROOT / "docs")) if target is not None else page
        assert place in GENERATED or (ROOT / "docs" / place).exists(), f"{page}: {link}"
        if anchor:
            text = text_of(f"docs/{place}")
            known = anchors(text) | (
                set(Config.names()) if place.endswith("settings.md") else set()
            )
            assert anchor in known, f"{page}: {link}"


def test_every_setting_is_described_once() -> None:
    names = [setting.name for group in groups() for setting in group.settings]
    assert sorted(names) == sorted(Config.names())


def test_every_setting_has_a_reason() -> None:
    settings = [setting for group in groups() for setting in group.settings]
    assert [setting.name for setting in settings if len(setting.reason) < 20] == []


def test_a_setting_is_shown_with_all_its_names() -> None:
    [row] = [line for line in settings_page().splitlines() if '<a id="response_buffer">' in line]
    for what in ("--response-buffer", "H3PRODUCER_RESPONSE_BUFFER", "| 64k |", "bytes 1 to 1024M"):
        assert what in row


BESIDES = {"h3producer.wire.request.Request", "h3producer.http3.request_body.RequestBody"}
"""What a handler is given and has no need to name."""


def described() -> list[str]:
    """The names that the reference describes."""
    pages = [page for page in DOCS if page.startswith("reference/")]
    return [
        name
        for page in pages
        for name in re.findall(r"^::: (\S+)", text_of(f"docs/{page}"), re.MULTILINE)
    ]


def test_every_public_name_is_described_once() -> None:
    ours = {f"h3producer.{name}" for name in h3producer.__all__}
    pipes = {f"h3producer.pipe.{name}" for name in h3producer.pipe.__all__}
    both = {f"h3producer.{name}" for name in h3producer.pipe.__all__}
    assert sorted(described()) == sorted((ours - both) | pipes | BESIDES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_what_its_code_draws(name: str) -> None:
    drawn = (ROOT / "docs" / "figures" / f"{name}.svg").read_text(encoding="utf-8")
    assert drawn == FIGURES[name]().svg(), "Run `python -m tests.docs.site`."


def test_every_figure_is_shown() -> None:
    text = text_of("docs/how-it-works.md")
    assert [name for name in FIGURES if f"(figures/{name}.svg)" not in text] == []

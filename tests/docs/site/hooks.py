"""What `make docs` does beyond MkDocs: pages from elsewhere, the settings, drawings in the page.

This file knows the events of MkDocs that it is called at. It refuses to know what pages say. Its
one rule: a page reads well without it, as it does in the repository.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT = Path(__file__).parent.parent.parent.parent
sys.path.insert(0, str(ROOT))  # MkDocs reads this file by its path

from tests.docs.site.places import ELSEWHERE  # noqa: E402  # it needs the line above
from tests.docs.site.settings import settings_page  # noqa: E402

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

__all__ = ["on_files", "on_page_content", "on_page_markdown", "on_post_build", "on_post_page"]

SETTINGS: Final = "<!-- all settings, from Config -->"

_DRAWING = re.compile(
    r'<p><img alt="(?P<alt>[^"]*)" src="(?P<path>[^"]*figures/[^"]*\.svg)" /></p>'
)

_LOADS = re.compile(
    r"<(?:script|img|iframe|source|video|audio|link(?![^>]*rel=\"canonical\"))\b[^>]*"
    r"(?:src|href)=\"((?:https?:)?//[^\"]+)\""
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of `ELSEWHERE`."""
    for place, source in ELSEWHERE.items():
        if (ROOT / source).exists():
            files.append(File.generated(config, place, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the settings into their page, and point links of pages from elsewhere to the site."""
    places = {source: place for place, source in ELSEWHERE.items()}
    places |= {f"docs/{file.src_uri}": file.src_uri for file in files.documentation_pages()}
    source = ELSEWHERE.get(page.file.src_uri)
    if source is not None:
        markdown = re.sub(
            r"(?<=\]\()(?!https?:|#)([^)#\s]+)",
            lambda found: _link(found[1], source, page.file.src_uri, places),
            markdown,
        )
    return markdown.replace(SETTINGS, settings_page())


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put drawings into the page itself, so that they take its colours."""

    def drawn(found: re.Match[str]) -> str:
        svg = (ROOT / "docs" / "figures" / Path(found["path"]).name).read_text(encoding="utf-8")
        svg = re.sub(r"<style>.*?</style>", "", svg, flags=re.DOTALL)
        return f'<figure class="drawing" role="img" aria-label="{found["alt"]}">{svg}</figure>'

    return _DRAWING.sub(drawn, html)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Refuse a page that loads something from elsewhere."""
    if loads := _LOADS.findall(output):
        raise PluginError(f"{page.file.src_uri} loads from the network: {loads}")
    return output


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a style sheet that does."""
    for path in Path(config.site_dir).rglob("*.css"):
        if loads := re.findall(r"(?:url\(|@import )['\"]?https?:[^)'\"]+", path.read_text()):
            raise PluginError(f"{path.name} loads from the network: {loads}")


def _link(link: str, source: str, at: str, places: dict[str, str]) -> str:
    """A link of a file of the repository, from its place on the site."""
    target = (ROOT / source).parent.joinpath(link).resolve().relative_to(ROOT)
    place = places.get(str(target), str(target))
    return "../" * at.count("/") + place

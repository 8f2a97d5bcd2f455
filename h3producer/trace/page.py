"""The picture as a page: for who opens it in a browser, or sends it to somebody.

This file knows HTML. It refuses to know what is drawn. Its one rule: one file, which asks for no
other.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from h3producer.trace.picture import draw, title_of

if TYPE_CHECKING:
    from h3producer.trace.story import Story

__all__ = ["page"]

_STYLE = """\
:root{color-scheme:light dark}
body{margin:2rem auto;max-width:62rem;padding:0 1rem}
svg{width:100%;height:auto}"""


def page(story: Story) -> str:
    """The text of an HTML file."""
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title_of(story))}</title>\n<style>\n{_STYLE}\n</style>\n"
        f"<body>\n{draw(story)}</body>\n</html>\n"
    )

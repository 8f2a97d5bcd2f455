"""Every block of every page is run, or its page says why not, and those are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.server.certificates.files import CertificateFiles
from tests.docs.blocks import PAGES, ROOT, blocks_of
from tests.docs.play import Play
from tests.docs.stage import Stage

if TYPE_CHECKING:
    from pathlib import Path

MOST_NOT_RUN = 0
"""Blocks of all pages that nobody runs. It may fall. Whoever raises it has a reason that is better
than that of each of the others."""

pytestmark = pytest.mark.once


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the development certificate of all pages is."""
    return tmp_path_factory.mktemp("state")


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_does_what_it_shows(page: str, tmp_path: Path, state: Path) -> None:
    files = CertificateFiles.in_directory(state / "h3producer")
    files.ensure()
    stage = Stage(tmp_path, state)
    play = Play(stage, files)
    try:
        for block in blocks_of(page):
            if not {"not run", "tested by"} & block.remarks.keys():
                play.run(block)
        stage.end_server()
    finally:
        if stage.server is not None:
            stage.server.kill()


@pytest.mark.parametrize("page", PAGES)
def test_a_block_that_another_test_plays_is_read_by_that_test(page: str) -> None:
    for block in blocks_of(page):
        if test := block.remarks.get("tested by"):
            assert (ROOT / test).exists(), f"{block.where}: there is no {test}"
            name = page.rpartition("/")[2]
            directory = (ROOT / test).parent
            sources = [path.read_text() for path in directory.glob("*.py")]
            assert any(name in source for source in sources), f"{test} does not read {page}."


def test_few_blocks_are_not_run() -> None:
    excuses = [
        f"{block.where}: {block.remarks['not run']}"
        for page in PAGES
        for block in blocks_of(page)
        if "not run" in block.remarks
    ]
    print("\n".join(excuses))
    assert len(excuses) <= MOST_NOT_RUN, excuses

"""Tests of `blocks.py`."""

from __future__ import annotations

import pytest

from tests.docs.blocks import Block, blocks_of, commands_of

PAGE = """Words.

```console
$ h3producer hello:app
$ h3producer get \\
    https://localhost:4433/
Hello!
```

<!-- asked by websocket -->
<!-- not run: a reason -->

* In a list:

<!-- tested by tests/x.py -->

    ```python
    a = 1
    if a:
        b = 2
    ```
"""


def console(text: str) -> Block:
    return Block("page.md", 1, "console", text, {})


def test_a_block_knows_its_language_and_line() -> None:
    assert [(each.language, each.line) for each in blocks_of("p", PAGE)] == [
        ("console", 3),
        ("python", 17),
    ]


def test_a_block_in_a_list_loses_its_indentation() -> None:
    assert blocks_of("p", PAGE)[1].text == "a = 1\nif a:\n    b = 2\n"


def test_remarks_belong_to_the_block_that_they_stand_before() -> None:
    first, second = blocks_of("p", PAGE)
    assert first.remarks == {}
    assert second.remarks == {"tested by": "tests/x.py"}


def test_several_remarks_may_stand_before_a_block() -> None:
    text = "<!-- asked by websocket -->\n<!-- not run: a reason -->\n```text\n```\n"
    assert blocks_of("p", text)[0].remarks == {"asked by": "websocket", "not run": "a reason"}


def test_a_command_outside_of_a_fence_is_an_error() -> None:
    with pytest.raises(ValueError, match="outside of a fence"):
        blocks_of("p", "Then:\n\n    h3producer hello:app\n")


def test_a_command_has_its_continuations_and_its_output() -> None:
    first, second = commands_of(blocks_of("p", PAGE)[0])
    assert (first.text, first.output) == ("h3producer hello:app", "")
    assert second.text == "h3producer get https://localhost:4433/"
    assert second.output == "Hello!\n"


def test_a_command_knows_its_line() -> None:
    assert [each.where for each in commands_of(blocks_of("p", PAGE)[0])] == ["p:4", "p:5"]


@pytest.mark.parametrize("text", ["", "h3producer hello:app\n", "words\n$ true\n"])
def test_a_console_block_begins_with_a_command(text: str) -> None:
    with pytest.raises(ValueError, match="begins with"):
        commands_of(console(text))

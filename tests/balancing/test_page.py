"""What docs/load-balancing.md shows for balancers and hosts is read by both, and fits together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from h3producer.config import Config
from h3producer.quic.balancing.assignment import read_assignments
from h3producer.quic.keys.shared_keys import SharedKeys
from h3producer.quic.siblings.place import connection_ids
from tests.balancing.balancer import Table
from tests.docs.blocks import blocks_of

if TYPE_CHECKING:
    from pathlib import Path

    from h3producer.quic.connection_ids import ConnectionIds

PAGE = "docs/load-balancing.md"
CLIENT = ("192.0.2.1", 4433)


def blocks() -> list[str]:
    return [block.text for block in blocks_of(PAGE) if block.language == "json"]


def table() -> Table:
    """The balancer's, with another host for whom it does not know."""
    content: dict[str, Any] = json.loads(blocks()[0])
    return Table({**content, "welcoming": ["elsewhere"]})


def ids_of(directory: Path, content: object) -> ConnectionIds:
    path = directory / "config.json"
    path.write_text(json.dumps(content))
    return connection_ids(Config(lb_config_file=str(path)), SharedKeys.derive())


def test_the_file_for_a_host_has_the_new_configuration_first(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(blocks()[1])
    found = read_assignments(Config(lb_config_file=str(path)))
    assert [each.config.config_id for each in found] == [1, 0]


def test_the_balancer_sends_what_is_of_the_old_configuration_to_its_host(tmp_path: Path) -> None:
    _, old = json.loads(blocks()[1])
    made = ids_of(tmp_path, old).make()
    assert table().host_for(b"\x40" + made + b"protected", CLIENT) == "10.77.0.11"


def test_what_is_of_a_configuration_it_was_not_told_goes_by_address(tmp_path: Path) -> None:
    new, _ = json.loads(blocks()[1])
    made = ids_of(tmp_path, new).make()
    assert table().host_for(b"\x40" + made + b"protected", CLIENT) == "elsewhere"

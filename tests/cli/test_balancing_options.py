"""Tests of `cli/balancing_options.py`: each setting can be given, and none is a key."""

from __future__ import annotations

from dataclasses import fields

from h3producer.cli.balancing_options import BALANCING_OPTIONS
from h3producer.config.balancing import Balancing


def test_every_setting_is_an_option_of_its_name() -> None:
    assert [each.name for each in BALANCING_OPTIONS] == [each.name for each in fields(Balancing)]
    for each in BALANCING_OPTIONS:
        assert each.opts == ["--" + str(each.name).replace("_", "-")]


def test_what_is_secret_stands_in_a_file() -> None:
    assert not [each.name for each in BALANCING_OPTIONS if str(each.name).endswith("key")]

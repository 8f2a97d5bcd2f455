"""From settings to what connection ids are made of: assignments, and where their nonces come from.

This file knows which kind of nonces a configuration asks for. Its one rule: what is encrypted is
counted, what stands in clear is random, and what is short is written down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.quic.balancing.assignment import read_assignments
from h3producer.quic.balancing.nonce_file import FiledNonces
from h3producer.quic.balancing.nonces import CountedNonces, RandomNonces
from h3producer.quic.balancing.routable_ids import Line

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.quic.balancing.assignment import Assignment
    from h3producer.quic.balancing.nonces import Nonces

__all__ = ["lines_of"]


def lines_of(config: Config) -> list[Line]:
    """The one that is used comes first; none if no load balancer is configured. Reads files.

    Raises `AssignmentError`.
    """
    return [Line(each, _nonces(each, config.lb_nonce_file)) for each in read_assignments(config)]


def _nonces(assignment: Assignment, path: str | None) -> Nonces:
    if assignment.config.key is None:
        return RandomNonces(assignment.config.nonce_length)
    if path is not None:
        return FiledNonces(path, assignment)
    return CountedNonces(assignment.config.nonce_length)

"""Options: defaults, and what is refused, in words that help."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from tracedemo.server import ServerOptions

MS = 1_000_000


def test_the_defaults_are_those_of_the_design() -> None:
    """30 ms to the first byte, three pieces 10 ms apart, 1200 bytes, loopback, any free port, by the clock."""
    options = ServerOptions()
    plan = options.plan()

    assert (options.host, options.port, options.pace) == ("127.0.0.1", 0, "clock")
    assert (plan.delay_ns, plan.pieces, plan.gap_ns, plan.size) == (30 * MS, 3, 10 * MS, 1200)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"host": ""}, "host must not be empty"),
        ({"port": -1}, "port must be a whole number from 0 to 65535, not -1"),
        ({"port": 65536}, "port must be a whole number from 0 to 65535, not 65536"),
        ({"port": "80"}, "port must be a whole number from 0 to 65535, not '80'"),
        ({"delay_ms": -1}, "delay_ms must be from 0 to 3600000 milliseconds, not -1"),
        ({"delay_ms": float("nan")}, "delay_ms must be from 0"),
        ({"gap_ms": -0.5}, "gap_ms must be from 0 to 3600000 milliseconds, not -0.5"),
        ({"gap_ms": float("inf")}, "gap_ms must be from 0"),
        ({"grace_ms": -1}, "grace_ms must be from 0"),
        ({"pieces": 0}, "pieces must be a whole number from 1"),
        ({"pieces": -3}, "pieces must be a whole number from 1"),
        ({"pieces": True}, "pieces must be a whole number from 1"),
        ({"pieces": 1.5}, "pieces must be a whole number from 1"),
        ({"pieces": 11, "size": 10}, "pieces is 11, but a body of 10 bytes makes at most 10 pieces"),
        ({"size": 0}, "size must be a whole number from 1"),
        ({"size": -1}, "size must be a whole number from 1"),
        ({"size": 1 << 40}, "size must be a whole number from 1 to"),
        ({"pace": "walk"}, "pace must be one of clock, lockstep, not 'walk'"),
        ({"charset": "ebcdic"}, "charset must be one of ascii, utf-8, latin-1, not 'ebcdic'"),
        ({"nonce": ""}, "nonce must be 1 to 64 ASCII letters or digits, not ''"),
        ({"nonce": "two words"}, "nonce must be"),
        ({"nonce": "x" * 65}, "nonce must be"),
    ],
)
def test_nonsense_is_refused_with_its_name_and_range(wrong: dict[str, Any], words: str) -> None:
    """A wrong option is a ValueError that names it, its value and what it may be."""
    with pytest.raises(ValueError, match=re.escape(words)):
        ServerOptions(**wrong)


@pytest.mark.parametrize(
    "right",
    [
        {"delay_ms": 0, "gap_ms": 0},
        {"pieces": 10, "size": 10},
        {"size": 1, "pieces": 1},
        {"delay_ms": 0.5},
        {"nonce": "x1"},
    ],
)
def test_the_edges_are_allowed(right: dict[str, Any]) -> None:
    """No delay, no gap, one byte, as many pieces as bytes: all are allowed."""
    ServerOptions(**right)


def test_options_cannot_be_changed() -> None:
    """Options are frozen."""
    with pytest.raises(FrozenInstanceError):
        ServerOptions().size = 1  # type: ignore[misc]


def test_a_nonce_is_drawn_anew_unless_given() -> None:
    """Two plans of the same options have two nonces, unless one was given."""
    options = ServerOptions()

    assert options.plan().nonce != options.plan().nonce
    assert ServerOptions(nonce="mine").plan().nonce == "mine"

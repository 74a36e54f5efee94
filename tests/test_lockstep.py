"""The words between recorder and server: what goes in comes out, and nonsense is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo import lockstep

ROOT = Path(__file__).resolve().parents[1]
PORTS = st.integers(1, 65535)


@given(st.lists(PORTS, unique=True))
def test_step_survives_the_way(ports: list[int]) -> None:
    """Decoding an encoded step gives the same ports in the same order."""
    line = lockstep.encode_step(ports)

    assert ports == lockstep.decode_step(line)
    assert line.count(b"\n") == 1
    assert line.isascii()


@given(st.dictionaries(PORTS, st.sampled_from(lockstep.MOVES)))
def test_moved_survives_the_way(moved: dict[int, str]) -> None:
    """Decoding an encoded `moved` gives the same moves in the same order."""
    line = lockstep.encode_moved(moved)

    assert list(moved.items()) == list(lockstep.decode_moved(line).items())


def test_the_words_are_as_documented() -> None:
    """The lines look as the module's text says."""
    assert lockstep.encode_step([4711, 80]) == b"step 4711 80\n"
    assert lockstep.encode_step([]) == b"step\n"
    assert lockstep.encode_moved({4711: "sent", 80: "closed"}) == b"moved 4711:sent 80:closed\n"
    assert lockstep.encode_moved({}) == b"moved\n"


def test_the_longest_message_fits() -> None:
    """A `moved` for every port there is stays below MAX_LINE."""
    longest = lockstep.encode_moved(dict.fromkeys(range(1, 65536), lockstep.CLOSED))

    assert len(longest) < lockstep.MAX_LINE


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"step",
        b"step 1",
        b"moved\n",
        b"steps 1\n",
        b"step 0\n",
        b"step 65536\n",
        b"step -1\n",
        b"step +1\n",
        b"step 1_0\n",
        b"step  1\n",
        b"step 1 \n",
        b"step 1 1\n",
        b"step x\n",
        "step \u0661\n".encode(),
        b"step 1\r\n",
    ],
)
def test_step_refuses_nonsense(line: bytes) -> None:
    """What is not exactly a step is a ValueError."""
    with pytest.raises(ValueError, match=r"expected|port|twice|cut short"):
        lockstep.decode_step(line)


@pytest.mark.parametrize(
    "line",
    [
        b"moved 1\n",
        b"moved 1:\n",
        b"moved 1:eaten\n",
        b"moved :sent\n",
        b"moved 1:sent 1:sent\n",
        b"step\n",
        b"moved 1:sen",
    ],
)
def test_moved_refuses_nonsense(line: bytes) -> None:
    """What is not exactly a `moved` is a ValueError."""
    with pytest.raises(ValueError, match=r"expected|port|twice|cut short|move"):
        lockstep.decode_moved(line)


@given(st.binary(max_size=40))
def test_any_line_decodes_or_is_a_value_error(line: bytes) -> None:
    """Whatever bytes come, only a ValueError is raised."""
    for decode in (lockstep.decode_step, lockstep.decode_moved):
        try:
            decode(line)
        except ValueError:
            continue


@pytest.mark.parametrize("ports", [[0], [65536], [5, 5]])
def test_a_step_for_no_port_is_not_encoded(ports: list[int]) -> None:
    """Ports out of range or named twice are a ValueError when encoding, too."""
    with pytest.raises(ValueError, match="port"):
        lockstep.encode_step(ports)


def test_an_unknown_move_is_not_encoded() -> None:
    """Only what is in MOVES can be said."""
    with pytest.raises(ValueError, match="eaten"):
        lockstep.encode_moved({80: "eaten"})


def test_it_loads_next_to_nothing() -> None:
    """Importing it into a bare interpreter loads no other module but `__future__`, and its own package."""
    code = (
        "import sys; sys.path.append(sys.argv[1]); before = set(sys.modules); import tracedemo.lockstep; "
        "print(*sorted(name for name in set(sys.modules) - before if not name.startswith('tracedemo')))"
    )
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import __future__; {code}", str(ROOT)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert set(loaded) <= {
        "importlib",
        "importlib._bootstrap",
        "importlib._bootstrap_external",
        "warnings",
        "_warnings",
    }

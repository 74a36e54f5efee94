"""What the table says of the variants, held against the variants themselves."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.recorders import witness
from tracedemo import runner
from tracedemo.events import KERNEL, NOT_YET, PYTHON
from tracedemo.server import ServerOptions, running_server
from tracedemo.syscalls import SYSTEM_CALL, usual
from tracedemo.syscalls.seen import SEEN, Seen
from tracedemo.variants import VARIANTS

PLAIN = [row for row in SEEN if not row.options]


def shown(variant: str, host: str | None = None) -> tuple[set[str], set[tuple[str, str]]]:
    """Names, and (operation, errno) of the answers "not yet", that a run records; without what imports and we do."""
    options = runner.RunOptions(capture=True, requests=2, host=host, server=ServerOptions(pace="lockstep"))
    done = runner.run(runner.find_target([variant]), options)
    assert 0 == done.exit_code, done.complaints
    rows = [row for row in done.trace if row.lane != KERNEL and not row.mark and "importing" not in row.args]
    answers = {(row.op, str(row.errno)) for row in rows if row.lane == PYTHON and row.errno in NOT_YET}
    return {row.op for row in rows}, answers


def test_each_variant_is_there() -> None:
    """Every variant has one row for a run without options."""
    assert [variant.name for variant in VARIANTS] == [row.variant for row in PLAIN]


@pytest.mark.parametrize("row", PLAIN, ids=lambda row: row.variant)
def test_names_and_answers(row: Seen) -> None:
    """A lock-step run of a variant records what its row in tracedemo/syscalls/seen.py says, and nothing else."""
    names, answers = shown(row.variant)

    assert sorted(row.names) == sorted(names)
    assert sorted(row.answers) == sorted(answers)


@pytest.mark.parametrize("row", [row for row in SEEN if row.options], ids=lambda row: row.variant)
def test_more_with_options(row: Seen) -> None:
    """With its options a variant records what its row says, besides what it records without them."""
    assert "--host localhost" == row.options
    plain, _ = shown(row.variant)
    names, _ = shown(row.variant, "localhost")

    assert sorted(row.names) == sorted(names - plain)


@pytest.mark.strace
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the names are those of x86-64")
@pytest.mark.parametrize("row", PLAIN, ids=lambda row: row.variant)
def test_system_calls(row: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bare program makes the system calls of its row under strace, and on sockets no others but an epoll at import."""
    monkeypatch.setattr(witness, "TRACED", f"{witness.TRACED},clone,clone3")
    variant = next(variant for variant in VARIANTS if variant.name == row.variant)
    output = tmp_path / "strace"
    with running_server(ServerOptions(), tmp_path) as server:
        address = [f"{server.host}:{server.port}"] if variant.fetches else []
        words = [sys.executable, str(variant.path), *address, "-n", "2"]
        subprocess.run([*witness.strace(output), *words], check=True, capture_output=True)
    found = {usual(call.name) for call in witness.read_lines(output)}

    assert found <= SYSTEM_CALL.keys()
    # `import selectors` makes an epoll and closes it, to know whether the kernel has them.
    assert sorted(row.system_calls) == sorted(found - ({"epoll_create1"} - row.system_calls))

"""The `nettrace` fixture, in runs of pytest of their own: what it records, shows when a test fails, and leaves alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLUGIN = "tracedemo.pytest_plugin"
EVERYTHING_IS_A_FAULT = ("-W", "error", "-p", "no:cacheprovider")


def run_pytest(
    folder: Path, test: str, *words: str, autoload: bool = False, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a file of tests; other plugins stay away, and ours comes by `-p`, unless all are wanted."""
    (folder / "test_it.py").write_text(textwrap.dedent(test), encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environ = {"PYTHONPATH": path, **environ}
    if not autoload:
        words = ("-p", PLUGIN, *words)
        environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return subprocess.run(
        [sys.executable, "-m", "pytest", *EVERYTHING_IS_A_FAULT, *words],
        cwd=folder,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def section(output: str) -> list[str]:
    """The lines that reports of failed tests show under our name, without the title, of all sections."""
    return re.findall(r"^-+ nettrace -+\n(.*?)(?=^[-_=]{5})", output, re.MULTILINE | re.DOTALL)


QUESTIONS = """
    import socket

    import pytest


    @pytest.fixture
    def pair(nettrace):
        left, right = socket.socketpair()
        with left, right:
            yield left, right


    def test_questions(pair, nettrace):
        left, right = pair
        left.setblocking(False)
        with pytest.raises(BlockingIOError):
            left.recv(1)
        assert nettrace.count(errno="EAGAIN") <= 2
        assert 1 == nettrace.count("recv") == nettrace.count("socketpair")
        assert not nettrace.to("10.0.0.0/8")
        assert nettrace.connections == 0


    def test_one_connection(nettrace):
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname()).close()
        assert nettrace.connections == 1
        assert nettrace.to("127.0.0.0/8")
"""


def test_a_test_can_ask(tmp_path: Path) -> None:
    """The fixture counts what the test, and fixtures set up after it, ask the kernel; each test begins anew."""
    done = run_pytest(tmp_path, QUESTIONS, "-q")

    assert 0 == done.returncode, done.stdout
    assert "2 passed" in done.stdout
    assert [] == section(done.stdout)


FAILING = r"""
    import socket


    def test_waits(nettrace):
        left, right = socket.socketpair()
        with left, right:
            left.setblocking(False)
            for _ in range(700):
                try:
                    left.recv(1)
                except BlockingIOError:
                    pass
            assert nettrace.count(errno="EAGAIN") <= 2
"""


def test_a_failed_assert_shows_the_log(tmp_path: Path) -> None:
    """The report of a failed test has the numbers of the assert, and the log with its repeats folded."""
    done = run_pytest(tmp_path, FAILING, COLUMNS="160")

    assert 1 == done.returncode
    assert "assert 700 <= 2" in done.stdout
    assert "<Tracing 'test_waits': 702 records, going on>" in done.stdout
    (log,) = section(done.stdout)
    assert "EAGAIN ×700" in log
    assert "left.recv(1)" in log
    assert 20 > len(log.splitlines())


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_the_log_fits_the_terminal(width: int, tmp_path: Path) -> None:
    """No line of the log is wider than the terminal that pytest writes to."""
    (log,) = section(run_pytest(tmp_path, FAILING, COLUMNS=str(width)).stdout)

    assert width >= max(map(len, log.splitlines()))
    assert "EAGAIN ×700" in log


@pytest.mark.parametrize("how", [[], ["--show-capture=no"], ["-s"], ["--assert=plain"], ["--tb=no"]])
def test_it_keeps_to_the_switches_of_pytest(how: list[str], tmp_path: Path) -> None:
    """Sections are shown, or not, as pytest's own are; capture and rewriting are as they were."""
    done = run_pytest(tmp_path, FAILING, *how)

    assert 1 == done.returncode
    assert (how not in (["--show-capture=no"], ["--tb=no"])) == bool(section(done.stdout))


def test_a_long_log_is_cut(tmp_path: Path) -> None:
    """Of a long log the first and the last lines are shown, and how many are between."""
    done = run_pytest(
        tmp_path,
        """
        import socket

        def test_long(nettrace):
            left, right = socket.socketpair()
            with left, right:
                for number in range(300):
                    left.send(bytes(number % 2 + 1))
                    right.recv(9)
            assert not nettrace.count()
        """,
    )

    (log,) = section(done.stdout)
    lines = log.splitlines()
    assert 61 == len(lines)
    (cut,) = [line for line in lines if line.startswith("...")]
    shown = sum("send(" in line or "recv(" in line for line in lines)
    assert 600 > shown > 50
    assert re.fullmatch(r"\.\.\. \d+ more lines; nettrace\.save\('trace\.jsonl'\) keeps all.*", cut)
    assert "assert not 603" in done.stdout


def test_a_failing_fixture_shows_it_once(tmp_path: Path) -> None:
    """Set-up and tear-down that fail show the log, too, and no log is shown twice, nor that of another test."""
    done = run_pytest(
        tmp_path,
        """
        import socket

        import pytest


        @pytest.fixture
        def broken(nettrace):
            socket.socketpair()[0].close()
            raise ValueError

        @pytest.fixture
        def ends_badly(nettrace):
            yield
            raise KeyError

        def test_set_up(broken):
            pass

        def test_tear_down(ends_badly):
            pass

        def test_both(ends_badly):
            raise RuntimeError

        def test_without():
            raise OSError

        @pytest.mark.xfail
        def test_expected(nettrace):
            raise OSError
        """,
        "-W",
        "ignore::ResourceWarning",
        "-W",
        "ignore::pytest.PytestUnraisableExceptionWarning",
    )

    assert 3 == len(section(done.stdout)), done.stdout
    assert re.search(r"2 failed, 1 passed, 1 xfailed, 3 errors", done.stdout)


def test_a_fault_of_ours_hides_nothing(tmp_path: Path) -> None:
    """When the log cannot be made, the report says so, and shows the failure of the test all the same."""
    done = run_pytest(
        tmp_path,
        """
        def test_it(nettrace, monkeypatch):
            from tracedemo.api import reading
            monkeypatch.setattr(reading, "read", None)
            assert 1 == 2
        """,
    )

    assert "assert 1 == 2" in done.stdout
    assert [True] == [log.startswith("the log cannot be shown: TypeError") for log in section(done.stdout)]


UNUSED = """
    import sys


    def test_nothing_is_there():
        assert {"tracedemo", "tracedemo.pytest_plugin"} == {m for m in sys.modules if m.startswith("tracedemo")}
        assert "socket" not in sys.modules or not hasattr(sys.modules["socket"].socket.send, "__wrapped__")
"""


def test_who_does_not_ask_pays_nothing(tmp_path: Path) -> None:
    """Without a test that asks for the fixture no part of tracedemo is imported but the plugin."""
    done = run_pytest(tmp_path, UNUSED)

    assert 0 == done.returncode, done.stdout


def test_no_item_keeps_its_trace(tmp_path: Path) -> None:
    """When a test is over its trace can go, although pytest keeps the test to the end of the session."""
    done = run_pytest(
        tmp_path,
        """
        import gc
        import weakref

        traces = []

        def test_it(nettrace):
            traces.append(weakref.ref(nettrace))

        def test_it_has_gone():
            gc.collect()
            assert [None] == [trace() for trace in traces]
        """,
    )

    assert 0 == done.returncode, done.stdout


def install(folder: Path) -> None:
    """What an installed tracedemo has beside its code: an entry point, and a list of its files."""
    info = folder / "tracedemo-0.1.0.dist-info"
    info.mkdir()
    entries = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    lines = [f"{name} = {value}" for name, value in entries["pytest11"].items()]
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tracedemo\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines, ""]))
    (info / "RECORD").write_text("tracedemo/__init__.py,,\ntracedemo/api/__init__.py,,\n")


def test_it_comes_by_itself(tmp_path: Path) -> None:
    """An installed tracedemo gives the fixture to every project, without a warning."""
    install(tmp_path)
    done = run_pytest(tmp_path, QUESTIONS, autoload=True, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_it_can_be_left_out(tmp_path: Path) -> None:
    """`-p no:tracedemo` leaves the plugin out: the fixture is not found, and all other tests run."""
    install(tmp_path)
    done = run_pytest(
        tmp_path,
        """
        def test_other():
            pass

        def test_it(nettrace):
            pass
        """,
        "-p",
        "no:tracedemo",
        autoload=True,
        PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}",
    )

    assert "fixture 'nettrace' not found" in done.stdout
    assert "1 passed, 1 error" in done.stdout


def test_in_a_run_of_tracedemo(tmp_path: Path) -> None:
    """`tracedemo run -m pytest` comes before pytest and records it all; the fixture is a window, without a warning."""
    install(tmp_path)
    (tmp_path / "test_it.py").write_text(textwrap.dedent(QUESTIONS))
    done = subprocess.run(
        [sys.executable, "-m", "tracedemo", "run", "-o", "all.jsonl", "-m", "pytest", *EVERYTHING_IS_A_FAULT],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert "socketpair" in (tmp_path / "all.jsonl").read_text(encoding="utf-8")


def test_xdist_carries_the_log(tmp_path: Path) -> None:
    """What a worker of pytest-xdist reports has the section, too."""
    pytest.importorskip("xdist")
    done = run_pytest(tmp_path, FAILING, "-p", "xdist", "-n", "1")

    assert ["EAGAIN ×700" in log for log in section(done.stdout)] == [True]


REPORTER = """
    import json
    from pathlib import Path

    import pytest


    def pytest_runtest_logreport(report):
        if report.when == "call":
            again = pytest.TestReport._from_json(json.loads(json.dumps(report._to_json())))
            Path("sections.txt").write_text(str([name for name, text in again.sections if text]))
"""


def test_a_report_can_travel(tmp_path: Path) -> None:
    """The section is plain text: it goes through JSON, as reports of pytest-xdist's workers do."""
    (tmp_path / "conftest.py").write_text(textwrap.dedent(REPORTER), encoding="utf-8")
    run_pytest(tmp_path, FAILING)

    assert "['nettrace']" == (tmp_path / "sections.txt").read_text(encoding="utf-8")

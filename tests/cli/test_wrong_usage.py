"""Whatever is typed wrongly gets one line that says what, one that says what to do, and exit code 2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Typed
from tests.cli.shell import said

VARIANTS = "blocking, threads, nonblocking, selector, asyncio_sock, asyncio_streams, sleepers, upload, robust"


@pytest.mark.parametrize(
    ("line", "what", "remedy"),
    [
        # The command
        ("frobnicate", "there is no command 'frobnicate'", "Commands: run, compare, show, diff, step, .*"),
        ("comapre", "there is no command 'comapre'", "Did you mean: tracedemo compare"),
        ("run -c", "-c needs the code to run", "For example: tracedemo run -c .*"),
        ("run --duration 0 x.py", "--duration: seconds are needed, more than 0 .*", "See: tracedemo run --help"),
        ("help frob", "there is no command 'frob'", "Commands: run, .*"),
        ("selector -n 5", "selector is not a command", "Did you mean: tracedemo run selector -n 5"),
        ("x.py --its-own", "x.py is not a command", "Did you mean: tracedemo run x.py --its-own"),
        ("folder", "folder is not a command", "Did you mean: tracedemo run folder"),
        ("--frob run", "there is no option '--frob' before a command", "See: tracedemo --help"),
        ("-n 5", "there is no option '-n' before a command", "See: tracedemo --help"),
        # The target
        ("run", "what is to be run\\?", "For example: tracedemo run selector, .*"),
        ("run --", "what is to be run\\?", "For example: .*"),
        ("run -n 5", "what is to be run\\?", "For example: .*"),
        ("run ''", "an empty word is no target", f"Variants: {VARIANTS}"),
        ("run selectr", "there is no variant 'selectr', and no script of that name", f"Variants: {VARIANTS}"),
        ("run none.py", "there is no script none.py", f"Variants that come with tracedemo: {VARIANTS}"),
        ("run folder", "folder is a folder, not a script", "Name a script in it: tracedemo run folder/your_script.py"),
        ("run -m", "-m needs the name of a module", "For example: tracedemo run -m your_package.main"),
        ("run -- selector -n 5", "behind -- nothing is ours, .*: -n 5", "Leave out the --: tracedemo run selector -n 5"),
        ("run 'x\\e[31m.py'", "there is no script x\\\\x1b\\[31m.py", "Variants .*"),
        ("compare selectr", "there is no variant 'selectr', and no script of that name", f"Variants: {VARIANTS}"),
        ("compare ''", "an empty word is no target", "Variants: .*"),
        ("compare \"'x.py\"", "cannot split \"'x.py\" into words: No closing quotation", "Close the quotes inside it."),
        # Options
        ("run selector --veiw log", "there is no option --veiw", "Did you mean --view\\?  See: tracedemo run --help"),
        ("run --veiw=log selector", "there is no option --veiw=log", "Did you mean --view\\?  See: tracedemo run --help"),
        ("run selector --zzz", "there is no option --zzz", "See: tracedemo run --help"),
        ("run selector more", "'more' is too much here", "See: tracedemo run --help"),
        ("run selector --vie log", "there is no option --vie", "Did you mean --view\\?  See: tracedemo run --help"),
        ("variants more", "'more' is too much here", "See: tracedemo variants --help"),
        ("doctor --yaml", "there is no option --yaml", "See: tracedemo doctor --help"),
        ("serve --port", "--port: expected one argument", "See: tracedemo serve --help"),
        ("run selector -n 0", "-n/--requests: a whole number from 1 to 1,000,000 is needed, not '0'", "See: .*"),
        ("run selector -n -3", "-n/--requests: a whole number from 1 to 1,000,000 is needed, not '-3'", "See: .*"),
        ("run selector -n 1.5", "-n/--requests: a whole number from 1 to 1,000,000 is needed, not '1.5'", "See: .*"),
        ("run -n word selector", "-n/--requests: a whole number from 1 to 1,000,000 is needed, not 'word'", "See: .*"),
        ("run -n 1000001 selector", "-n/--requests: a whole number .* needed, not '1000001'", "See: .*"),
        ("run selector --max-events 0", "--max-events: a whole number from 1 to 67,108,864 is needed, not '0'", "See: .*"),
        ("run selector --pieces 0", "--pieces: a whole number from 1 to 268,435,456 is needed, not '0'", "See: .*"),
        ("run selector --size -1", "--size: a whole number from 1 to 268,435,456 is needed, not '-1'", "See: .*"),
        ("run selector --delay x", "--delay: milliseconds from 0 to 3,600,000 are needed, not 'x'", "See: .*"),
        ("run selector --gap nan", "--gap: milliseconds from 0 to 3,600,000 are needed, not 'nan'", "See: .*"),
        ("run selector --delay inf", "--delay: milliseconds from 0 to 3,600,000 are needed, not 'inf'", "See: .*"),
        ("serve --delay -1", "--delay: milliseconds from 0 to 3,600,000 are needed, not '-1'", "See: .*"),
        ("run selector --pieces 9 --size 5", "pieces is 9, but a body of 5 bytes makes at most 5 pieces", "Ask for .*"),
        ("run selector --pace slow", "--pace: invalid choice: 'slow' \\(choose from .*\\)", "See: tracedemo run --help"),
        ("serve --port 99999", "--port: a whole number from 0 to 65,535 is needed, not '99999'", "See: .*"),
        ("run selector --fault rest", "--fault: there is no fault 'rest'; faults: refuse, reset, .*", "For example: .*"),
        ("serve --fault reset:0%", "--fault: a percentage from 0.01% to 100% is needed, .*", "For example: .*"),
        ("run selector --fault refuse:10%", "--fault: refuse is for all connections or for none: .*", "For example: .*"),
        ("run selector --fault stall --fault stall", "--fault: the fault stall is named twice", "For example: .*"),
        ("run selector --fault stall --seed x", "--seed: a whole number from 0 to .* is needed, not 'x'", "See: .*"),
        # Options that would be passed over in silence
        ("run selector --seed 5", "--seed decides which connections get a --fault, and that is missing", "Add one, .*"),
        ("run --fault reset x.py", "--fault is for our server, and nobody asks for it here: x.py", "Leave .*{address}.*"),
        ("run selector --url http://x/ --fault reset", "--fault is for our own server, and --url asks .*", "Leave .*"),
        ("run -n 5 x.py", "-n is for variants, and here is none: x.py", "Leave it out. .*"),
        ("run --url http://x/ x.py", "--url is for variants, and here is none: x.py", "Leave it out. .*"),
        ("run --host x -m this", "--host is for variants, and here is none: this", "Leave it out. .*"),
        ("run --delay 5 x.py", "--delay is for our server, and nobody asks for it here: x.py", "Leave .*{address}.*"),
        ("compare -n 5 x.py x.py", "-n is for variants, and here is none: x.py", "Leave it out. .*"),
        ("run selector --url http://x/ --size 5", "--size is for our own server, and --url asks another one", "Leave .*"),
        ("run selector --url http://x/ --host y", "--host is for our own server, and --url .*", "Leave out --host, .*"),
        ("show f --only recv --view phases", "--only has no meaning for phases, which shows .*", "It is for: log, .*"),
        # Views
        ("run selector --view nope", "there is no view 'nope'", "Views: log, summary, timeline, .*"),
        ("run selector --view log,,summary", "there is no view ''", "Views: .*"),
        ("show f --format xml", "--format: invalid choice: 'xml' \\(choose from .*\\)", "See: tracedemo show --help"),
        ("show f --only juggle", "--only: what is 'juggle'\\?", ".*recv.*"),
        ("show f -o x.pdf", "cannot tell from the ending of x.pdf what to write", "Endings: .jsonl .*, .txt .*, .svg .*"),
        ("show f -o x", "cannot tell from the ending of x what to write", "Endings: .*"),
        ("show", "there is no last run to show", "Make one: tracedemo run selector.*"),
    ],
)  # fmt: skip
def test_says_what_and_what_to_do(line: str, what: str, remedy: str, typed: Typed, tmp_path: Path) -> None:
    """A mistake is told in one line, and the next line says what to type instead; nothing is run."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "x.py").write_text("raise SystemExit('it ran')")
    words = [word[1:-1] if word[:1] == "'" else word for word in re.findall(r"'[^']*'|\"[^\"]*\"|\S+", line)]
    words = [word[1:-1] if word[:1] == '"' else word.replace("\\e", "\x1b") for word in words]
    lines = said(typed(*words), 2)

    assert re.fullmatch(f"tracedemo: {what}", lines[0]), lines[0]
    assert re.fullmatch(f"  {remedy}", lines[1]), lines[1]
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("words", [["run"], ["compare"], []], ids=["run", "compare", "nothing"])
def test_too_long_for_a_name(words: list[str], typed: Typed) -> None:
    """A word that is too long for the name of a file is a word like any other."""
    assert "tracedemo: there is no " in said(typed(*words, "x" * 5000), 2)[0]


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("https://example.com/", "the variants speak plain HTTP, as the post does: https needs TLS on top"),
        ("ftp://example.com/", "cannot understand the URL 'ftp://example.com/'"),
        ("nonsense", "cannot understand the URL 'nonsense'"),
        ("example.com/", "cannot understand the URL 'example.com/'"),
        ("http://", "cannot understand the URL 'http://'"),
        ("http:///path", "cannot understand the URL 'http:///path'"),
        ("http://[::1/", "cannot understand the URL .*: Invalid IPv6 URL"),
        ("http://x:99999/", "cannot understand the URL .*: Port out of range 0-65535"),
        ("http://x:y/", "cannot understand the URL .*"),
        ("http://x:0/", "nobody can be reached at port 0: .*"),
        ("http://me:secret@x/", "the variants cannot log in: leave the user name out of the URL"),
        ("http://x/a b", "there is a space or a control character in the URL 'http://x/a b'"),
        (
            "http://x/a\r\nHost: y",
            r"there is a space or a control character in the URL 'http://x/a\\r\\nHost: y'",
        ),
        ("http://x\n/", r"there is a space or a control character in the URL 'http://x\\n/'"),
        ("http://x/\x1b[31m", r"there is a space or a control character in the URL 'http://x/\\x1b\[31m'"),
        ("http://a!b/", "'a!b' is no name of a machine"),
        ("", "cannot understand the URL ''"),
    ],
)
def test_url(url: str, what: str, typed: Typed) -> None:
    """A URL that the variants cannot fetch is refused before anything runs."""
    lines = said(typed("run", "selector", "--url", url), 2)

    assert re.fullmatch(f"tracedemo: {what}", lines[0]), lines[0]
    assert 2 == len(lines)


@pytest.mark.parametrize("host", ["", "a b", "a\nb", "localhost:80", "-x", "::g", "a/b", "\udcff", "x" * 254])
def test_host(host: str, typed: Typed) -> None:
    """What cannot be the name of a machine is refused before anything runs."""
    lines = said(typed("run", "selector", f"--host={host}"), 2)

    assert "is no name of a machine" in lines[0]
    assert "localhost" in lines[1]

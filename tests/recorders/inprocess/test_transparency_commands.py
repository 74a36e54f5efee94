"""All that `tracedemo run` can start says the same as when the shell starts it: code, modules, commands, other Pythons."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.recorders.conftest import WriteScript
from tests.recorders.inprocess.bare_and_traced import Said, bare_command, plain, traced_words

TELL = """
    import os, socket, sys
    left, right = socket.socketpair()
    left.send(b"x")
    print(sys.argv, sys.path, sys.orig_argv[1:], sys.flags, sys.executable, sys.prefix, sys.base_prefix)
    print(__name__, sorted(globals()), right.recv(1), left.fileno(), __spec__ and __spec__.name)
    print(sorted(os.environ.items()))
    print("to stderr", file=sys.stderr)
    sys.exit(3)
"""


@pytest.fixture
def there(script: WriteScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to start in, with a script, a package, an archive, and a tool that is started by its first line."""
    program = script(TELL)
    (tmp_path / "package").mkdir()
    script("print('package', __name__, __path__[0][-7:])", "package/__init__.py")
    script(TELL, "package/__main__.py")
    script("import package\nraise ValueError('imported by ' + __name__)", "package/broken.py")
    script("import socket\nsocket.socket().getpeername()", "fails.py")
    with zipfile.ZipFile(tmp_path / "archive.pyz", "w") as archive:
        archive.write(program, "__main__.py")
    tool = tmp_path / "tool"
    tool.write_text(f"#!{sys.executable} -B\n{program.read_text()}")
    tool.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    return tmp_path


BY_PYTHON: dict[str, list[str]] = {
    "code": ["-c", "import socket, sys; print(sys.argv, sys.path, __name__); socket.socket().getpeername()", "-x"],
    "code of many lines": ["-c", "import sys\nfor number in range(2):\n    print(number)\nsys.exit('the end')"],
    "code with a syntax error": ["-c", "import socket; def"],
    "code that names its globals": ["-c", "import socket; print(sorted(globals()), __builtins__)"],
    "a script": ["program.py", "-c", "--", "x y"],
    "a script by a longer way": ["./package/../program.py"],
    "a script that fails": ["fails.py"],
    "a package": ["-m", "package", "-m", "x"],
    "a module that is broken": ["-m", "package.broken"],
    "a module that is not there": ["-m", "no_such_module_of_ours"],
    "a module of a package that is not there": ["-m", "package.nothing"],
    "a module of the standard library": ["-m", "calendar", "2024", "2"],
    "an archive": ["archive.pyz", "x"],
}  # fmt: skip


@pytest.mark.parametrize("name", BY_PYTHON)
def test_same_by_the_interpreter(name: str, there: Path) -> None:
    """Scripts, code, modules, packages and archives say the same, with their own sys.argv, sys.path and globals."""
    words = BY_PYTHON[name]

    alone = bare_command([sys.executable, *words], there)
    assert "" != alone.output + alone.complaints
    assert alone == traced_words(words)


COMMANDS: dict[str, list[str]] = {
    "a tool with a first line": ["./tool", "--its-own", "x"],
    "an interpreter with options": [sys.executable, "-X", "dev", "-W", "error", "-u", "program.py"],
    "an interpreter that optimizes": [sys.executable, "-OO", "-q", "-m", "package"],
    "a safe path": [sys.executable, "-P", "program.py"],
    "one that is told by env": ["/usr/bin/env", "WORD=5", sys.executable, "program.py"],
    "one in a shell": ["sh", "-c", f"echo first; {sys.executable} program.py; code=$?; echo $code >&2; exit 7"],
    "one that takes the shell's place": ["sh", "-c", f"exec {sys.executable} program.py"],
    "a shell that is killed": ["sh", "-c", f"{sys.executable} program.py; kill -TERM $$"],
    "two, one behind the other": ["sh", "-c", f"{sys.executable} program.py | {sys.executable} -c 'print(*open(0))'"],
}  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="they are started as on POSIX")
@pytest.mark.parametrize("name", COMMANDS)
def test_same_by_a_command(name: str, there: Path) -> None:
    """What a command starts says the same; its exit code is the command's."""
    words = COMMANDS[name]

    alone = bare_command(words, there)
    assert "" != alone.output + alone.complaints
    assert alone == traced_words(words)


@pytest.fixture(scope="module")
def other_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with a package and a console script of its own, and without tracedemo."""
    folder = tmp_path_factory.mktemp("other")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    python = folder / "bin" / "python"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
    packages = Path(done.stdout.strip())
    (packages / "mine.py").write_text(
        "import socket, sys\n"
        "def main():\n"
        "    print(sys.argv[1:], sys.prefix, sys.path, 'tracedemo' in sys.modules, __file__)\n"
        "    print(socket.socketpair()[0].fileno())\n"
        "    return 4\n"
    )
    (packages / "imports_early.pth").write_text("import socket, sys; sys.stderr.write('from a .pth\\n')\n")
    script = folder / "bin" / "mine"
    # As pip writes it.
    script.write_text(
        f"#!{python}\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom mine import main\n"
        "if __name__ == '__main__':\n"
        "    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n"
        "    sys.exit(main())\n"
    )
    script.chmod(0o755)
    return folder


def in_that_place(words: list[str], place: Path, folder: Path) -> tuple[Said, Said]:
    """Run by its interpreter, bare and traced; `tracedemo` in sys.modules is ours to be there."""
    python = str(place / "bin" / "python")
    return bare_command([python, *words], folder), traced_words(words, python=python)


def leave_out_ours(said: Said) -> Said:
    return said._replace(output=said.output.replace("] True ", "] False "))


@pytest.mark.skipif(os.name != "posix", reason="a virtual environment is laid out as on POSIX")
@pytest.mark.parametrize(
    "words",
    [["-c", "import mine; mine.main()"], ["program.py"], ["-m", "mine"]],
    ids=["code", "script", "module"],
)
def test_same_by_another_python(words: list[str], there: Path, other_place: Path) -> None:
    """An interpreter of another environment sees its own packages, and says the same."""
    alone, with_us = in_that_place(words, other_place, there)

    assert "from a .pth" in alone.complaints
    assert leave_out_ours(alone) == leave_out_ours(with_us)


@pytest.mark.skipif(os.name != "posix", reason="as above")
@pytest.mark.parametrize("by", [str, os.path.basename], ids=["path", "name on PATH"])
def test_same_by_a_console_script(
    by: Callable[[str], str], there: Path, other_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A console script that an installer has written says the same, by its path and by its name."""
    monkeypatch.setenv("PATH", str(other_place / "bin"), prepend=os.pathsep)
    words = [by(str(other_place / "bin" / "mine")), "--its-own"]

    alone = bare_command(words, there)
    assert 4 == alone.exit_code
    assert leave_out_ours(alone) == leave_out_ours(traced_words(words))


@pytest.mark.parametrize(
    ("words", "given"),
    [(["program.py"], b""), (["-c", "import socket, sys; print(sys.stdin.read()[::-1])"], b"of stdin"),
     (["--", sys.executable, "-"], b"import socket, sys; print(sys.argv, socket.socketpair()[0].fileno())"),
     (["-c", "import os, signal, socket; print(1, flush=True); os.kill(os.getpid(), signal.SIGTERM)"], b""),
     (["-c", "import sys; sys.stdout.buffer.write(bytes(range(256))); sys.exit(200)"], b"")],
    ids=["script", "stdin", "code on stdin", "killed", "bytes"],
)  # fmt: skip
def test_same_by_the_command_line(words: list[str], given: bytes, there: Path) -> None:
    """`tracedemo run` adds nothing to stdout, nothing before the end of stderr, and ends with the program's exit code."""
    command = words[1:] if words[0] == "--" else [sys.executable, *words]
    alone, with_us = (
        subprocess.run(each, input=given, capture_output=True, timeout=60, check=False)
        for each in (command, [sys.executable, "-m", "tracedemo", "run", *words])
    )

    assert alone.stdout == with_us.stdout
    code = alone.returncode
    assert (128 - code if code < 0 else code) == with_us.returncode
    assert plain(with_us.stderr.decode()).startswith(plain(alone.stderr.decode()))

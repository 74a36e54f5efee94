"""Which engine is used: by name, or the first that can trace here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tracedemo.errors import MachineError, UsageError
from tracedemo.recorders.kernel import AUTO, ENGINES, choose, engine
from tracedemo.recorders.kernel.refusals import Refusal


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let these engines refuse, and all others trace; gives the list of those that were asked."""

    def make(*names: str) -> list[str]:
        asked: list[str] = []

        def answer(name: str) -> Refusal | None:
            asked.append(name)
            return Refusal(f"{name} is asleep", f"Wake {name}.") if name in names else None

        for name in ENGINES:
            monkeypatch.setattr(engine(name), "refusal", lambda _=None, name=name: answer(name))
        return asked

    return make


@pytest.mark.parametrize("name", ENGINES)
def test_engine_has_what_it_takes(name: str) -> None:
    """Each engine has its name, what is put before a command, a reader, and a reason for not tracing."""
    module = engine(name)

    assert name == module.NAME
    assert all(callable(getattr(module, each)) for each in ("prefix", "read", "refusal"))


@pytest.mark.parametrize("name", ENGINES)
def test_engine_by_name(refuse: Callable[..., list[str]], name: str) -> None:
    """Who asks for an engine gets that, and nobody else is asked."""
    asked = refuse()

    assert (engine(name), "") == choose(name)
    assert [name] == asked


@pytest.mark.parametrize("name", ENGINES)
def test_engine_by_name_that_cannot_trace(refuse: Callable[..., list[str]], name: str) -> None:
    """It is an error of the machine, exit code 3, with the reason and the remedy; no other engine stands in."""
    asked = refuse(name)

    with pytest.raises(MachineError) as caught:
        choose(name)
    assert (f"{name} cannot trace here: {name} is asleep", f"Wake {name}.") == (
        str(caught.value),
        caught.value.remedy,
    )
    assert 3 == caught.value.exit_code
    assert [name] == asked


@pytest.mark.parametrize("refused", range(len(ENGINES)))
def test_auto_takes_the_first_that_can(refuse: Callable[..., list[str]], refused: int) -> None:
    """Engines are asked in their order until one can trace, and nothing is said about those before it."""
    asked = refuse(*ENGINES[:refused])

    assert (engine(ENGINES[refused]), "") == choose(AUTO)
    assert list(ENGINES[: refused + 1]) == asked


def test_auto_without_any(refuse: Callable[..., list[str]]) -> None:
    """Where none can trace, there is no engine and no error, but each one's reason and who tells the remedies."""
    refuse(*ENGINES)

    reasons = "strace: strace is asleep; ptrace: ptrace is asleep"
    assert (
        None,
        f"no system calls can be shown here ({reasons}); tracedemo doctor tells the remedies",
    ) == choose(AUTO)


@pytest.mark.parametrize("name", ["dtrace", "", "auto ", "__init__", "strace.x"])
def test_engine_that_there_is_not(name: str) -> None:
    """A wrong name is wrong usage, and the right ones are told."""
    for ask in (engine, choose):
        with pytest.raises(UsageError) as caught:
            ask(name)
        assert "Engines: auto, strace, ptrace" == caught.value.remedy

"""The panels below the picture: phases, wakeups, the event loop, findings."""

from __future__ import annotations

import pytest

from tests.browser.axe import axe
from tests.browser.reports import OpenRuns, studies
from tests.browser.tables import rows_of, state
from tests.render.traces import MS, US, Script
from tracedemo.analysis.study import Study
from tracedemo.analysis.system_calls import system_call
from tracedemo.analysis.text import clean
from tracedemo.analysis.walk import Walk
from tracedemo.render import loop_words, phases, wakeups
from tracedemo.render.glyphs import UTF8
from tracedemo.render.html import page
from tracedemo.render.options import Options
from tracedemo.render.words import place, took

LOG, WAKEUPS, TURNS, OUTSIDE = "#log .rows", "#wakeups .rows", "#loop .rows", "#outside .rows"


# -- Phases


@pytest.mark.parametrize("names", [("selector",), ("blocking", "nonblocking", "selector")], ids=len)
def test_phases_are_those_of_the_terminal(names: tuple[str, ...], show: OpenRuns) -> None:
    """Each phase has its time, its calls and its "not yet" answers, for each run."""
    opened = show(*names)
    found: dict[tuple[int, str], str] = {}
    for line in opened.page.locator("#phases tbody tr").all():
        label = line.locator("th").inner_text()
        for run, each in enumerate(line.locator("td").all()):
            found[run, label] = " ".join(each.inner_text().split())

    wanted = {}
    for run, study in enumerate(studies(*names)):
        for row in phases.rows(study, Options()):
            if row["calls"]:
                calls = f"{row['calls']:,} call{'' if row['calls'] == 1 else 's'}"
                again = f" {row['not_yet']:,} not yet" if row["not_yet"] else ""
                wanted[run, phases.PHASE_WORDS[str(row["phase"])]] = (
                    f"{took(row['time'], UTF8) or '0'} {calls}{again}"  # type: ignore[arg-type]
                )
    assert wanted == {key: text for key, text in found.items() if text != "–"}


def test_phase_is_a_filter(show: OpenRuns) -> None:
    """A phase that is clicked is what the log shows; clicked again, the log shows all."""
    opened = show("selector")
    button = opened.page.get_by_role("button", name="receive")
    button.click()
    assert "phase=receive" == state(opened)["filter"]
    assert "true" == button.get_attribute("aria-pressed")
    button.click()
    assert "" == state(opened)["filter"]


# -- Wakeups


def test_wakeups_say_why_and_who(show: OpenRuns) -> None:
    """Each ready descriptor stands with its cause, and with who went on at which line."""
    opened = show("selector")
    (study,) = studies("selector")
    found = rows_of(opened, WAKEUPS)

    told = list(wakeups.rows(study, Options()))
    ready = [item for row in told for item in row["ready"]]  # type: ignore[attr-defined]
    assert ready
    named = [row for row in found if row["ready"].startswith("fd ")]
    assert [f"fd {item['fd']} {item['events']}" for item in ready] == [row["ready"] for row in named]
    assert [item["cause"] for item in ready] == [row["cause"] for row in named]
    gone = [(item.owner, place(item.site)) for wakeup in study.wakeups for item in wakeup.resumed]
    assert sorted(gone) == sorted((row["goes"], row["line"]) for row in found if row["goes"])
    assert f"{len(study.wakeups)} wakeups" in opened.page.inner_text("#wakeups .told")


def test_wakeup_is_gone_to(show: OpenRuns) -> None:
    """A wakeup that is clicked is where the cursor goes, and who went on is gone to by a click on the name."""
    opened = show("selector")
    (study,) = studies("selector")
    walk, first = Walk(study), study.wakeups[0]
    row = opened.page.locator(f"{WAKEUPS} .body .row").first

    row.locator(".cause").click()
    assert [walk.rows.index(first.row)] == state(opened)["steps"]
    row.locator(".goes").click()
    assert [walk.rows.index(first.resumed[0].row)] == state(opened)["steps"]


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("blocking", "wakeups"),
        ("blocking", "outside"),
        ("selector", "loop"),
        ("blocking", "many"),
        ("nothing", "log"),
    ],
)
def test_section_with_nothing_to_say_is_absent(name: str, section: str, show: OpenRuns) -> None:
    """What a run has nothing of has no section."""
    assert 0 == show(name).page.locator(f"#{section}").count()


def test_section_is_hidden_while_another_run_is_looked_at(show: OpenRuns) -> None:
    """Wakeups of one run are not there while a run without any is looked at."""
    opened = show("blocking", "selector")
    assert not opened.page.is_visible("#wakeups")
    state(opened, run=1)
    assert opened.page.is_visible("#wakeups")


# -- System calls under no Python call


def test_what_lies_under_no_call_is_shown(show: OpenRuns) -> None:
    """Each system call after the start that no Python call explains has a row, and is gone to with what came before it."""
    opened = show("kernel")
    (study,) = studies("kernel")
    assert study.join is not None
    found = rows_of(opened, OUTSIDE)
    walk, outside = Walk(study), study.join.outside

    assert {each.reason for each in outside} == {row["why"] for row in found}
    for event in (study.events[each.row] for each in outside):
        assert any(system_call(event) == row["call"] or event.op in row["call"] for row in found)
    assert f"{len(outside)} system calls after the start" == opened.page.inner_text("#outside .told")
    opened.page.locator(f"{OUTSIDE} .body .row").last.click()
    (step,) = state(opened)["steps"]
    last = study.events[outside[-1].row].t0
    assert walk.event(step).t0 <= last
    assert step == len(walk) - 1 or last < walk.event(step + 1).t0


# -- The event loop


def test_turns_and_callbacks(show: OpenRuns) -> None:
    """Each turn says what its select did, and each callback who ran, what, and what it asked the kernel."""
    opened = show("loop")
    (study,) = studies("loop")
    (loop,) = study.loops
    found = rows_of(opened, TURNS)

    assert [clean(loop_words.turn_text(turn)) for turn in loop.turns] == [
        row["found"] for row in found if "found" in row
    ]
    ran = [(loop_words.who_of(one.owner), loop_words.what_of(one), "; ".join(loop_words.asked_texts(one, UTF8)))
           for turn in loop.turns for one in turn.handles]  # fmt: skip
    assert ran == [(row["who"], row["callback"], row["asks"]) for row in found if "callback" in row]
    blocked = [
        loop_words.blocked_text(one, study) for turn in loop.turns for one in turn.handles if one.blocked
    ]
    assert blocked == [row["below"] for row in found if "below" in row]
    for text in loop_words.head(loop, unfold=True):
        assert text in opened.page.inner_text("#loop .heads")


# -- Findings


def test_findings_with_evidence(show: OpenRuns) -> None:
    """Each finding has its heading, what was found, its cost and what to do; its evidence can be gone to."""
    opened = show("selector")
    (study,) = studies("selector")
    items = opened.page.locator("#findings li > h3").all_inner_texts()
    text = opened.page.inner_text("#findings")

    assert study.findings
    assert len(study.findings) == len(items)
    for found in study.findings:
        for part in (found.title, found.cost, found.remedy):
            assert clean(part) in text
    walk, first = Walk(study), study.findings[0]
    opened.page.locator("#findings dd > button.link").first.click()
    assert [walk.rows.index(next(row for row in first.rows if row in set(walk.rows)))] == state(opened)[
        "steps"
    ]


# -- For everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [600, 1280])
@pytest.mark.parametrize("name", ["selector", "kernel", "loop"])
def test_panels_are_for_all(name: str, width: int, scheme: str, show: OpenRuns) -> None:
    """In both themes and in a narrow window axe finds nothing, and nobody scrolls sideways."""
    opened = show(name, viewport={"width": width, "height": 900}, color_scheme=scheme)
    state(opened, steps=[12])

    assert 0 == opened.sideways()
    assert () == axe(opened.page).findings
    opened.nothing_else()


def test_names_stay_text() -> None:
    """Nothing that came from a trace is put into the page as HTML."""
    from importlib.resources import files

    for script in (files("tracedemo.render.html") / "static" / "js").iterdir():
        text = script.read_text(encoding="utf-8")
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in text, script.name


HOSTILE = "<img src=x onerror=alert(1)></script><!--"


def test_hostile_names_are_shown(report_page: OpenRuns) -> None:
    """Owners, files and calls full of HTML are shown as they are, in the log as in the wakeups and findings."""
    script = Script(HOSTILE)
    site = script.site(1, HOSTILE)._replace(file=f"/{HOSTILE}.py")
    for _ in range(3):
        script.add(
            "python",
            "recv",
            10 * US,
            owner=HOSTILE,
            fd=4,
            args={"size": 9},
            site=site,
            user_site=site,
            errno="EAGAIN",
            exc="BlockingIOError",
        )
        script.now += MS
    script.add(
        "python",
        "select",
        MS,
        owner="loop",
        args={"timeout": None, "watched": 1, "could_wait": True},
        result=((4, "READ"),),
        site=site,
    )
    script.now += MS
    opened = report_page("".join(page([Study(script.trace())])))
    opened.drawn()

    assert HOSTILE in [row["who"] for row in rows_of(opened, LOG)]
    assert 0 == opened.page.locator("img").count()
    opened.nothing_else()

"""Rules for programs that drive many fetches, and for how many of these are under way, on traces told by hand."""

from __future__ import annotations

from tests.analysis.story import MS, US, Story
from tracedemo.runner import Run
from tracedemo.workshop.case import Case
from tracedemo.workshop.lesson import Scenario
from tracedemo.workshop.rules import Rule, scheduler, several

SERVER = {"size": 100, "nonce": "word", "fault": ""}


def case(
    story: Story, output: str = "", wanted: int = 1, seconds: float = 1, room: int = 5, **server: object
) -> Case:
    """A program that was asked for so much, and what it printed; `SHA` stands for the digest of the body."""
    argv = ("mine.py", "127.0.0.1:1", str(wanted), str(seconds), str(room))
    header = Story(argv=argv, server={**SERVER, **server}).header
    story.header = header
    made = Case(Scenario(name="told", rules=()), Run(story.trace(), 0, "", ""), {})
    return Case(made.scenario, made.run._replace(output=output.replace("SHA", made.digest)), {})


def said(rule: Rule, seen: Case) -> list[str]:
    return [broken.sentence for broken in rule.broken(seen)]


def fetches(*times: tuple[int, int], answer: int = 0) -> Story:
    """Sockets that are made and closed at these times, on descriptors from 4 on, and get so many bytes."""
    story = Story()
    moments = sorted([(begin, fd, True) for fd, (begin, _) in enumerate(times, 4)]
                     + [(end, fd, False) for fd, (_, end) in enumerate(times, 4)])  # fmt: skip
    for at, fd, begins in moments:
        if begins:
            story.socket(fd, at=at)
            story.connect(fd, f"127.0.0.1:{fd}")
            if answer:
                story.recv(fd, answer)
        else:
            story.call("close", fd, at=at)
    return story


def faulty(story: Story, fd: int, fault: str, at: int) -> Story:
    story.server("accepted", f"127.0.0.1:{fd}", at, server_conn=fd)
    story.server("fault", f"127.0.0.1:{fd}", at, server_conn=fd, detail=fault)
    return story


def test_a_body_is_missing() -> None:
    """Whoever was answered and does not bring the body is missed; whoever was not answered is not."""
    two = (0, MS), (US, MS + US)

    assert [] == said(scheduler.served, case(fetches(*two, answer=150), "#1 SHA\n#2 SHA\n", wanted=2))
    assert ["2 of 2 fetches were to bring their body, and 1 did"] == said(
        scheduler.served, case(fetches(*two, answer=150), "#1 SHA\n", wanted=2)
    )
    one_lost = faulty(fetches(*two, answer=150), 5, "reset", 2 * US)
    assert [] == said(scheduler.served, case(one_lost, "#1 SHA\n", wanted=2))


def test_a_body_is_not_printed_twice() -> None:
    """Whoever fetches once and prints that body for two fetches is found out by the bytes that came in."""
    once = case(fetches((0, MS), answer=150), "#1 SHA\n#2 SHA\n", wanted=2)

    assert ["the body was printed for 2 fetches, and received by 1"] == said(scheduler.served, once)


def test_a_slow_machine_is_excused() -> None:
    """A fetch that was answered, but had used its time up when it was ended, is not held against the program."""
    slow = case(fetches((0, 990 * MS)), "#1 TimeoutError: late\n")
    quick = case(fetches((0, 500 * MS)), "#1 TimeoutError: late\n")

    assert [] == said(scheduler.served, slow)
    assert ["1 of 1 fetches were to bring their body, and 0 did"] == said(scheduler.served, quick)


def test_nobody_is_excused_by_another_ones_silence() -> None:
    """That a fetch without an answer took all its time excuses none that had one."""
    story = faulty(fetches((0, 990 * MS), (US, MS)), 4, "stall", 2 * US)

    assert ["1 of 2 fetches were to bring their body, and 0 did"] == said(
        scheduler.served, case(story, "#1 TimeoutError: late\n#2 TimeoutError: late\n", wanted=2)
    )


def test_each_failure_has_its_name() -> None:
    """A fault of the server is to come out as the exception that says what it was."""

    def seen(output: str) -> Case:
        return case(faulty(fetches((0, MS)), 4, "stall", US), output)

    assert [] == said(scheduler.failures_named, seen("#1 TimeoutError: late\n"))
    assert ["TimeoutError was to end 1 of 1 fetches, and ended 0"] == said(
        scheduler.failures_named, seen("#1 NoneType: None\n")
    )
    refused = case(fetches((0, MS)), "#1 ConnectionRefusedError: [Errno 111]\n", wanted=2, fault="refuse")
    assert ["ConnectionRefusedError was to end 2 of 2 fetches, and ended 1"] == said(
        scheduler.failures_named, refused
    )


def test_how_many_are_open() -> None:
    """One at a time is too few, and one more than allowed too many; one that is closed makes room for the next."""
    after, beside = ((0, MS), (2 * MS, 3 * MS)), ((0, 3 * MS), (MS, 2 * MS))

    alone = ["at no time was more than one fetch under way"]
    assert alone == said(several.overlap, case(fetches(*after), wanted=2))
    assert alone == said(several.overlap, case(fetches((0, MS)), wanted=2))
    assert alone == said(several.overlap, case(Story(), wanted=2))
    assert [] == said(several.overlap, case(fetches(*beside), wanted=2))
    assert [] == said(several.at_most, case(fetches(*after), wanted=2, room=1))
    assert ["2 sockets are open at once, and no more than 1 may be"] == said(
        several.at_most, case(fetches(*beside), wanted=2, room=1)
    )


def test_room_is_made_use_of() -> None:
    """Half of the sockets that may be open are enough, one less is too few, and nobody at all is far too few."""
    beside = (0, 3 * MS), (MS, 2 * MS)

    assert [] == said(several.as_many, case(fetches(*beside), wanted=2, room=4))
    assert ["at no time were more than 2 under way, and 5 may be"] == said(
        several.as_many, case(fetches(*beside), wanted=2, room=5)
    )
    assert ["at no time was more than 1 under way, and 5 may be"] == said(
        several.as_many, case(fetches((0, MS)), wanted=1, room=5)
    )
    assert 1 == len(said(several.as_many, case(Story(), wanted=2, room=2)))


def page(story: Story, fd: int, number: int) -> Story:
    """A connection on which this page was asked for."""
    story.server("accepted", f"127.0.0.1:{fd}", 2 * US, server_conn=fd)
    story.server("request", f"127.0.0.1:{fd}", 3 * US, 40, server_conn=fd, detail=f"GET /{number} HTTP/1.1")
    return story


def test_each_page_comes_out_in_its_own_place() -> None:
    """Bodies that have changed places are found, since no two pages are the same; a page that was spoilt is not missed."""

    def seen(output: str, *, spoilt: bool = False) -> Case:
        story = page(page(fetches((0, MS), (US, MS), answer=150), 4, 1), 5, 2)
        if spoilt:
            story.server("fault", "127.0.0.1:5", 3 * US, server_conn=5, detail="truncated")
        bare = case(story)
        words = {"ONE": bare.digest_of(1), "TWO": bare.digest_of(2), "BOTH": bare.digest}
        for word, digest in words.items():
            output = output.replace(word, digest)
        return Case(bare.scenario, bare.run._replace(output=output), {"n": 2})

    rule = several.every_body
    assert [] == said(rule, seen("#1 ONE\n#2 TWO\n"))
    assert [
        "the body of page /1 stands in the line of /2",
        "the body of page /2 stands in the line of /1",
    ] == said(rule, seen("#1 TWO\n#2 ONE\n"))
    assert ["the body of page /2 did not come out, and 150 bytes were received on its connection"] == said(
        rule, seen("#1 ONE\n#2 BOTH\n")
    )
    assert [] == said(rule, seen("#1 ONE\n#2 failed\n", spoilt=True))
    assert ["it came to its end without a call on a socket or a selector"] == said(rule, case(Story()))


def test_a_fetch_is_left_all_of_its_time() -> None:
    """Whoever ends a fetch early to which nobody answers is told so; its time begins no sooner than the call before it."""

    def seen(begin: int, end: int, fault: str = "stall") -> Case:
        story = faulty(fetches((begin, end)), 4, fault, begin + US)
        story.call("selector", 3, at=0, took=US, selector="EpollSelector", result=3)
        return case(story)

    assert [] == said(scheduler.not_before, seen(2 * US, 1_000 * MS))
    assert ["this fetch was ended after 0.5 s, and may take 1 s"] == said(
        scheduler.not_before, seen(2 * US, 500 * MS)
    )
    assert [] == said(scheduler.not_before, seen(600 * MS, 1_000 * MS))
    assert [] == said(scheduler.not_before, seen(2 * US, 500 * MS, fault="reset"))


def waiting(*timeouts: float | None) -> Story:
    """One fetch, and selects that find nothing."""
    story = Story()
    story.socket(4)
    story.connect(4)
    for timeout in timeouts:
        story.select([], took=US, timeout=timeout)
    story.call("close", 4)
    return story


def test_how_long_a_select_may_sleep() -> None:
    """The first select may sleep for all of the time, the next one for less, and after a close for all of it again."""
    assert [] == said(scheduler.what_is_left, case(waiting(1.0, 0.999, 0.5)))
    assert [
        "select() may sleep for 1 s, though a fetch has been waiting since the last one: less is left to it"
    ] == said(scheduler.what_is_left, case(waiting(1.0, 1.0)))
    story = waiting(1.0)
    story.socket(4)
    story.connect(4)
    story.select([], took=US, timeout=1.0)
    assert [] == said(scheduler.what_is_left, case(story))

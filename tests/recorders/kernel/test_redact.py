"""Secrets in buffers: wherever these are split or cut, nothing of a secret is shown, and nothing else is hidden."""

from __future__ import annotations

import re
import time
from itertools import combinations_with_replacement, pairwise, product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracedemo.recorders.kernel.quoting import CUT, escaped
from tracedemo.recorders.kernel.redact import HEADERS, HIDDEN, PARAMETERS, Redactor, without_secrets

SECRET = "Zq7Xw9"
HEADS = {
    "request": f"GET /a?b=1&token={SECRET}&c=2 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {SECRET}\r\n"
    f"Accept: */*\r\nCookie: sid={SECRET}; a={SECRET}\r\n\r\n",
    "response": f"HTTP/1.1 200 OK\r\nSet-Cookie: {SECRET}; Path=/\r\nServer: x\r\nWWW-Authenticate: Basic {SECRET}\r\n\r\n",
    "capitals": f"POST / HTTP/1.1\r\nPROXY-AUTHORIZATION : BASIC {SECRET}\r\nX-API-Key:{SECRET}\r\n\r\n",
    "bare newlines": f"GET / HTTP/1.1\nCookie: {SECRET}\n\n",
    "escapes": f"GET / HTTP/1.1\r\nCookie: \\n{SECRET}\\r\\n\\x\xff\t{SECRET}\0{SECRET}\r\n\r\n",
    "continued line": f"GET / HTTP/1.1\r\nAuthorization: Digest\r\n\tresponse={SECRET}\r\n  {SECRET}\r\nHost: h\r\n\r\n",
    "long address": f"GET /{'a' * 70}?session={SECRET * 12}&b=1 HTTP/1.1\r\nCookie: {SECRET}\r\n\r\n",
}
BODIES = {
    "json": f'{{"user": "u", "token" : "a{SECRET}\\"{SECRET} {SECRET}\\\\", "password":"{SECRET}", "n": 1}}',
    "form": f"user=u&password={SECRET}%20{SECRET}&x=1",
    "quotes": f'auth="{SECRET} {SECRET}"; sig={SECRET}',
    "bytes": f"secret=\xff\\{SECRET}\0{SECRET};x",
}


def shown(*buffers: tuple[str, bool] | str) -> list[str]:
    """What is shown of the buffers of one stream; True: it was cut."""
    hide = Redactor()
    texts = []
    for buffer in buffers:
        text, cut = (buffer, False) if isinstance(buffer, str) else buffer
        texts.append(hide("stream", escaped(text.encode("latin-1"), cut=cut)))
    assert HIDDEN in "".join(map(str, buffers)) or hide.hidden == "".join(texts).count(HIDDEN)
    return texts


def leaks(texts: list[str]) -> bool:
    """Whether three signs of the secret that stand together there are shown anywhere, or all of it over buffers."""
    parts = [SECRET[at : at + 3] for at in range(len(SECRET) - 2)]
    return any(part in text for text in texts for part in parts) or SECRET in "".join(texts).replace(CUT, "")


# Split anywhere


@pytest.mark.parametrize("text", [*HEADS.values(), *BODIES.values()], ids=[*HEADS, *BODIES])
def test_no_split_shows_a_secret(text: str) -> None:
    """In three buffers, split at every pair of places, nothing of a secret is shown, and all before and behind it is."""
    for first, second in combinations_with_replacement(range(len(text) + 1), 2):
        texts = shown(text[:first], text[first:second], text[second:])
        assert not leaks(texts), (first, second)


@pytest.mark.parametrize("text", HEADS.values(), ids=list(HEADS))
def test_no_cut_shows_a_secret(text: str) -> None:
    """Whichever of the buffers of a head was cut, at whatever place, nothing of a secret is shown."""
    for first, second in combinations_with_replacement(range(len(text) + 1), 2):
        for cuts in product((False, True), repeat=2):
            pieces = (text[:first], text[first:second])
            texts = shown(*zip(pieces, cuts, strict=True), text[second:])
            assert not leaks(texts), (first, second, cuts)


@pytest.mark.parametrize("text", HEADS.values(), ids=list(HEADS))
def test_no_gap_shows_a_secret(text: str) -> None:
    """Nor does it if a cut buffer was longer than what was kept, by any part of the head."""
    for first, second in combinations_with_replacement(range(len(text) + 1), 2):
        assert not leaks(shown((text[:first], True), text[second:])), (first, second)


WORDS = (
    *sorted(HEADERS),
    *sorted(PARAMETERS),
    "Host",
    "x",
    ": ",
    "=",
    "&",
    '"',
    ";",
    "\r\n",
    "\n",
    " ",
    "\\",
    "\t",
)


def said(texts: list[str]) -> str:
    """What was shown over all, without marks, and without what may be hidden as a part of a value, or around it."""
    return re.sub(r"\[hidden\]|\\[rnt]|[ \"]", "", "".join(texts))


@given(st.lists(st.sampled_from(WORDS), max_size=30), st.lists(st.integers(0, 300), max_size=6))
@example(["token", "=", '"', "\\", '"', "x"], [8])
@example(["cookie", ": ", "x", "\r\n", " ", "x"], [10, 11])
def test_split_text_is_shown_as_the_whole_is(words: list[str], places: list[int]) -> None:
    """What is shown of a stream is the same however it is split, but for how often a hidden value is marked."""
    text = "".join(words)
    edges = [0, *sorted(places), len(text)]

    assert said(shown(text)) == said(shown(*(text[start:end] for start, end in pairwise(edges))))


@given(
    st.lists(
        st.tuples(st.text(alphabet=st.characters(max_codepoint=255), max_size=60), st.booleans()), max_size=6
    )
)
def test_any_text_goes_through(buffers: list[tuple[str, bool]]) -> None:
    """Whatever goes over a socket, each buffer gives a text, and a cut one ends with the sign for that."""
    for text, (_, cut) in zip(shown(*buffers), buffers, strict=True):
        assert cut == text.endswith(CUT)


# What is shown


def test_what_stands_around_a_secret_is_shown() -> None:
    """Names, other headers and other parameters stay, and in the place of each secret stands what says so."""
    (request,) = shown(HEADS["request"])
    first, *fields = request.split(r"\r\n")
    assert f"GET /a?b=1&token={HIDDEN}&c=2 HTTP/1.1" == first
    assert ["Host: h", f"Authorization: {HIDDEN}", "Accept: */*", f"Cookie: {HIDDEN}", "", ""] == fields
    assert [rf'{{"user": "u", "token" : "{HIDDEN}", "password":"{HIDDEN}", "n": 1}}'] == shown(BODIES["json"])
    assert [f'auth="{HIDDEN}"; sig={HIDDEN}'] == shown(BODIES["quotes"])


def test_hidden_values_are_counted() -> None:
    """Each mark counts, also that of a second part."""
    hide = Redactor()
    for text in ("Cookie: a", r"b\r\nCookie: c\r\n", "nothing"):
        hide("stream", text)

    assert 3 == hide.hidden


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_headers(name: str) -> None:
    """Each header of the list is known in capitals and small letters, at the beginning of a line, and only there."""
    assert [rf"A: b\r\n{name.title()}: {HIDDEN}\r\nC: d"] == shown(f"A: b\r\n{name.title()}: e\r\nC: d")
    assert [f"{name.upper()}:{HIDDEN}"] == shown(f"{name.upper()}:e")
    assert [f"A: {name}: e"] == shown(f"A: {name}: e")


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_parameters(name: str) -> None:
    """Each parameter of the list is known in an address, in a form and in JSON, as a whole word."""
    assert [f"GET /?{name}={HIDDEN}&a=b HTTP/1.1"] == shown(f"GET /?{name}=e&a=b HTTP/1.1")
    assert [f"a=b&{name.upper()}={HIDDEN}"] == shown(f"a=b&{name.upper()}=e")
    assert [f'{{"{name}": "{HIDDEN}", "a": 1}}'] == shown(f'{{"{name}": "e", "a": 1}}')
    assert [f"my{name}=e&x-{name}=e&{name}s=e {name} e"] == shown(f"my{name}=e&x-{name}=e&{name}s=e {name} e")


@pytest.mark.parametrize(
    "text",
    [
        "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nX-Token-Count: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\ntracedemo line 24\ntracedemo line 25\n",
        "a cookie: it is sweet\nthe token is red, the password long\r\n",
        '{"tokens": 3, "author": "me", "passwords": []}',
        "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        "x" * 300,
        "HELLO world\nGET ready\n",
        "",
    ],
    ids=range(8),
)
def test_ordinary_text_is_untouched(text: str) -> None:
    """Text without a secret is shown as it is, however it is split."""
    for place in range(len(text) + 1):
        assert escaped(text.encode("latin-1")) == "".join(shown(text[:place], text[place:]))


def test_ordinary_bodies_that_are_cut_are_untouched() -> None:
    """Of long buffers behind a head that ended, each is shown as far as it was kept."""
    body = ("tracedemo line\n" * 9, True)
    texts = shown(
        "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", body, body, ("x" * 256, True), ("\x16\x03" * 100, True)
    )

    assert HIDDEN not in "".join(texts)
    assert escaped(body[0].encode(), cut=True) == texts[2]


def test_what_follows_a_cut_head_is_hidden_to_the_end_of_its_line() -> None:
    """Nobody knows in which header it begins; the lines behind it are read as ever."""
    head = ("GET / HTTP/1.1\r\nHost: h\r\nX: y", True)

    assert [rf"{HIDDEN}\r\nHost: i\r\nCookie: {HIDDEN}\r\n"] == shown(
        head, f"{SECRET}\r\nHost: i\r\nCookie: a\r\n"
    )[1:]
    assert [HIDDEN, rf"{HIDDEN}\r\nHost: i"] == shown(head, SECRET, f"{SECRET}\r\nHost: i")[1:]
    assert [r"GET / HTTP/1.1\r\nHost: i"] == shown(head, "GET / HTTP/1.1\r\nHost: i")[1:]


# Streams


def test_streams_are_apart() -> None:
    """What one connection, or one direction, has said last does not touch another."""
    hide = Redactor()
    hide("one", "Authorization: Bearer ")

    assert "abc" == hide("other", "abc")
    assert HIDDEN == hide("one", "abc")


def test_what_was_not_moved_comes_again() -> None:
    """A buffer of which a part was sent, or none, is shown whole, and the stream goes on from what was sent."""
    hide = Redactor()
    text = r"GET / HTTP/1.1\r\nAuthorization: Bearer abc\r\n\r\n"
    sent = len("GET / HTTP/1.1\r\nAuthoriz")

    assert rf"GET / HTTP/1.1\r\nAuthorization: {HIDDEN}\r\n\r\n" == hide("s", text, 0)
    assert rf"GET / HTTP/1.1\r\nAuthorization: {HIDDEN}\r\n\r\n" == hide("s", text, sent)
    assert rf"ation: {HIDDEN}\r\n\r\n" == hide("s", r"ation: Bearer abc\r\n\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "a",
        '"',
        "token=",
        '"token"',
        r"\\",
        r"\n",
        "cookie",
        r"\ncookie:",
        "GET ",
        " ",
        "a=",
        r"\ncookie: a\n ",
        "A",
        '"token":',
        '"token": "\\\\',
    ],
)
def test_no_text_takes_long(text: str) -> None:
    """Hundreds of thousands of signs take seconds of the processor at most."""
    hide, long = Redactor(), text * (200_000 // len(text))
    start = time.process_time()
    for buffer in (long, long, long + CUT, long):
        hide("stream", buffer)

    assert 10 > time.process_time() - start


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET http://me:s3cret@host/ HTTP/1.1", "GET http://me:[hidden]@host/ HTTP/1.1"),
        (r"Location: https://u:s3cret@h/x\r\n", r"Location: https://u:[hidden]@h/x\r\n"),
        (r"USER me\r\nPASS s3cret\r\nLIST", r"USER me\r\nPASS [hidden]\r\nLIST"),
        (r"AUTH PLAIN AG1lAHMzY3JldA==\r\n", r"AUTH PLAIN [hidden]\r\n"),
        ("GET http://host:80/a@b HTTP/1.1", "GET http://host:80/a@b HTTP/1.1"),
    ],
)
def test_secrets_by_their_place(text: str, shown: str) -> None:
    """A password in a URL, or behind the word of a protocol that logs in, is hidden though it has no name."""
    assert shown == Redactor()("stream", text)


def test_text_that_stands_by_itself() -> None:
    """Arguments of a program and paths lose the values of parameters, too, and are else as they were."""
    assert "--token=[hidden]" == without_secrets("--token=s3cret")
    assert "/run/a?sig=[hidden]" == without_secrets("/run/a?sig=s3cret")
    assert r"C:\new\räume" == without_secrets(r"C:\new\räume")

"""Answers: the body, how it is cut, and what is said to those who ask for something else."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.server.request import Refusal, Request, RequestParser
from tracedemo.server.response import Answer, Responder, cut, make_body, page_word


def ask(method: str, *, keep_alive: bool = True) -> Answer:
    """The answer of a small server."""
    return Responder(make_body(100, "n0nce"), 3).answer(Request(method, "", 0, keep_alive=keep_alive))


@given(st.integers(1, 5000), st.text("abc123", min_size=1, max_size=20))
def test_the_body_has_exactly_its_size(size: int, nonce: str) -> None:
    """A body is as long as asked, is text, ends a line, and every whole line carries the nonce."""
    body = make_body(size, nonce)

    assert size == len(body)
    assert body.endswith(b"\n")
    assert body.isascii()
    assert all(nonce.encode() in line for line in body.splitlines()[:-1])


@given(st.integers(1, 3000), st.sampled_from(["utf-8", "latin-1"]))
def test_a_body_with_letters_beyond_ascii_is_whole_text(size: int, charset: str) -> None:
    """In any charset a body is as long as asked, can be decoded, and has letters beyond ASCII once a line fits."""
    body = make_body(size, "n0nce", charset)
    text = body.decode(charset)

    assert size == len(body)
    assert text.endswith("\n")
    assert size < 40 or not text.isascii()
    assert all("n0nce" in line for line in text.splitlines()[:-1])


@given(st.integers(300, 3000), st.integers(1, 7))
def test_pieces_of_utf_8_end_inside_a_letter(size: int, number: int) -> None:
    """Each piece but the last ends inside a letter, and cannot be decoded by itself; together they are the body."""
    body = make_body(size, "n0nce", "utf-8")
    pieces = cut(body, number, inside=True)

    assert body == b"".join(pieces)
    assert number == len(pieces)
    for piece in pieces[:-1]:
        with pytest.raises(UnicodeDecodeError):
            piece.decode()


@given(st.binary(min_size=1, max_size=300), st.data())
def test_pieces_that_cannot_end_inside_a_letter_are_never_empty(body: bytes, data: st.DataObject) -> None:
    """Whatever the bytes are, all pieces are there, and none is empty."""
    number = data.draw(st.integers(1, len(body)))
    pieces = cut(body, number, inside=True)

    assert body == b"".join(pieces)
    assert number == len(pieces)
    assert all(pieces)


@pytest.mark.parametrize(
    ("charset", "name"), [("ascii", "utf-8"), ("utf-8", "utf-8"), ("latin-1", "iso-8859-1")]
)
def test_the_headers_name_the_charset(charset: str, name: str) -> None:
    """Content-Type says in which charset the body is, to a GET and to a HEAD."""
    responder = Responder(make_body(100, "n0nce", charset), 1, charset)
    for method in ("GET", "HEAD"):
        head, _, _ = (
            responder.answer(Request(method, "", 0, keep_alive=True)).pieces[0].partition(b"\r\n\r\n")
        )
        assert f"Content-Type: text/plain; charset={name}".encode() in head.split(b"\r\n")


def test_a_page_with_a_number_is_like_no_other() -> None:
    """Pages with different numbers have different bodies of one length; all others have that of the run."""
    responder = Responder(make_body(100, "n0nce"), 3, nonce="n0nce")

    def body(target: str) -> bytes:
        request = Request("GET", f"GET {target} HTTP/1.1", 0, keep_alive=True)
        return b"".join(responder.answer(request).pieces).partition(b"\r\n\r\n")[2]

    assert [make_body(100, "n0nce")] * 3 == [body(target) for target in ("/", "/x3", "/1234567890")]
    assert make_body(100, page_word("n0nce", 3)) == body("/3")
    assert 5 == len({body(target) for target in ("/", "/1", "/2", "/3", "/31")})
    assert {100} == {len(body(target)) for target in ("/", "/1", "/31")}


@given(st.binary(min_size=1, max_size=300), st.data())
def test_pieces_are_as_equal_as_can_be(body: bytes, data: st.DataObject) -> None:
    """The pieces make up the body, are never empty, and differ by one byte at most."""
    number = data.draw(st.integers(1, len(body)))
    pieces = cut(body, number)
    sizes = [len(piece) for piece in pieces]

    assert body == b"".join(pieces)
    assert number == len(pieces)
    assert min(sizes) >= max(1, max(sizes) - 1)
    assert sizes == sorted(sizes, reverse=True)


def test_a_get_gets_headers_and_body_in_so_many_pieces() -> None:
    """The headers go with the first piece and give the length of the body that follows."""
    answer = ask("GET")
    head, _, first = answer.pieces[0].partition(b"\r\n\r\n")

    assert [34, 33, 33] == [len(first), *(len(piece) for piece in answer.pieces[1:])]
    assert make_body(100, "n0nce") == b"".join([first, *answer.pieces[1:]])
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    for header in (
        b"Content-Length: 100",
        b"Content-Type: text/plain; charset=utf-8",
        b"Connection: keep-alive",
    ):
        assert header in head.split(b"\r\n")
    assert b"\r\nServer: tracedemo" in head
    assert not answer.close


def test_a_parting_answer_says_so() -> None:
    """A request that wants the connection closed gets `Connection: close`, and the same body."""
    answer = ask("GET", keep_alive=False)

    assert answer.close
    assert b"\r\nConnection: close\r\n" in answer.pieces[0]
    assert ask("GET").pieces[1:] == answer.pieces[1:]


def test_a_head_gets_the_headers_alone() -> None:
    """HEAD is answered with the headers of GET and nothing else, in one piece."""
    answer = ask("HEAD")

    assert (ask("GET").pieces[0].partition(b"\r\n\r\n")[0] + b"\r\n\r\n",) == answer.pieces


def test_other_methods_are_told_what_is_allowed() -> None:
    """Anything but GET, HEAD, POST and PUT gets 405 and the list of what is allowed; the connection is kept."""
    answer = ask("DELETE")

    assert answer.pieces[0].startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")
    assert b"\r\nAllow: GET, HEAD, POST, PUT\r\n" in answer.pieces[0]
    assert not answer.close


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("body", [b"", b"x", bytes(range(256)) * 300])
def test_a_body_is_answered_by_its_length_and_digest(method: str, body: bytes) -> None:
    """Who sends a body is told how long it was when it came, and its SHA-256, in one piece."""
    head = f"{method} / HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    (request,) = RequestParser().feed(head + body)

    (piece,) = Responder(b"x", 1).answer(request).pieces
    told = f"{len(body)} bytes  sha256 {hashlib.sha256(body).hexdigest()}\n".encode()
    assert piece.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"\r\nContent-Length: {len(told)}\r\n".encode() in piece
    assert piece.endswith(b"\r\n\r\n" + told)


def test_a_refusal_is_one_sentence_and_the_end() -> None:
    """A refusal is answered by its status and its reason, in one piece, and closes."""
    answer = Responder(b"x", 1).answer(Refusal(431, "too long"))

    assert answer.close
    assert answer.refused
    assert len(answer.pieces) == 1
    assert answer.pieces[0].startswith(b"HTTP/1.1 431 ")
    assert answer.pieces[0].endswith(b"\r\n\r\n431 Request Header Fields Too Large: too long\n")

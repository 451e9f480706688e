"""Files behind links: what is fetched, from where, and what never is."""

from __future__ import annotations

import string
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.aivax.media.linked_files import LinkedFile, LinkedFiles
from core.aivax.media.public_addresses import is_public
from core.aivax.stream.files.links import MOST_LINKS, links_in, links_of
from core.aivax.transport import httpx
from tests.samples import PNG
from tests.scripted_aivax import Scripted, reply, settings

OURS = "http://127.0.0.1:8780/v1"
PUBLIC, PRIVATE = "93.184.216.34", "10.0.0.7"
NAMES = {
    "storage.aivax.net": [PUBLIC],
    "elsewhere.example": [PUBLIC],
    "inside.example": [PRIVATE],
    "both.example": [PUBLIC, PRIVATE],
}


async def resolved(host: str, _port: int) -> Sequence[str]:
    if host not in NAMES:
        raise OSError("no such name")
    return NAMES[host]


def files_of(server: httpx.AsyncBaseTransport, **changes: object) -> LinkedFiles:
    return LinkedFiles(settings(**changes), transport=server, resolve=resolved, own_address=lambda: OURS)


async def fetched(server: Scripted, url: str, most_bytes: int = 1_000) -> LinkedFile | None:
    files = files_of(server)
    try:
        return await files.fetch(url, most_bytes)
    finally:
        await files.aclose()


async def test_a_picture_is_fetched_from_the_address_that_was_judged_without_the_key() -> None:
    server = Scripted(reply(PNG, Set_Cookie="a=b"))

    found = await fetched(server, "https://storage.aivax.net/a/cat.png?x=1")

    (request,) = server.asked
    assert found == LinkedFile(PNG, "image/png")
    assert str(request.url) == f"https://{PUBLIC}/a/cat.png?x=1"
    assert request.headers["Host"] == "storage.aivax.net"
    assert request.extensions["sni_hostname"] == "storage.aivax.net"
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.aivax.net/cat.png",
        "https://inside.example/cat.png",
        "https://both.example/cat.png",
        "https://unknown.example/cat.png",
        "https://user:secret@storage.aivax.net/cat.png",
        "https://storage.aivax.net:99999/cat.png",
        "https://[::1/cat.png",
        "https:///cat.png",
        "file:///etc/passwd",
        "ftp://storage.aivax.net/cat.png",
        "",
    ],
)
async def test_what_is_not_public_or_not_secure_is_never_asked_for(url: str) -> None:
    server = Scripted()

    assert await fetched(server, url) is None
    assert server.asked == []


async def test_the_service_s_own_host_is_the_operator_s_choice() -> None:
    server = Scripted(reply(PNG))

    assert await fetched(server, "http://127.0.0.1:8780/files/cat.png") is not None
    assert await fetched(Scripted(), "http://127.0.0.1:22/files/cat.png") is None


async def test_a_redirect_is_judged_like_a_link() -> None:
    inside = Scripted(reply(status=302, Location="https://inside.example/cat.png"))
    plain = Scripted(reply(status=301, Location="http://storage.aivax.net/cat.png"))
    good = Scripted(reply(status=307, Location="//elsewhere.example/cat.png"), reply(PNG))
    circle = Scripted(*[reply(status=302, Location="/cat.png") for _ in range(9)])

    assert await fetched(inside, "https://storage.aivax.net/") is None
    assert await fetched(plain, "https://storage.aivax.net/") is None
    assert await fetched(good, "https://storage.aivax.net/") is not None
    assert await fetched(circle, "https://storage.aivax.net/") is None
    assert (len(inside.asked), len(plain.asked), len(circle.asked)) == (1, 1, 4)


@pytest.mark.parametrize(
    "answer",
    [
        reply(PNG + bytes(2_000)),
        reply(b"<!DOCTYPE html><title>Log in</title>", Content_Type="image/png"),
        reply(b"PK\x03\x04"),
        reply(b""),
        reply(PNG, status=404),
        reply(PNG, Content_Encoding="gzip"),
        reply(PNG[:9], httpx.ReadError("lost")),
        httpx.ConnectError("no"),
    ],
)
async def test_what_is_no_file_of_the_right_size_stays_a_link(answer: object) -> None:
    assert await fetched(Scripted(answer), "https://storage.aivax.net/cat.png") is None


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://aivax.net/a.png", True),
        ("https://cdn.storage.aivax.net/a.png", True),
        ("https://STORAGE.AIVAX.NET/a.png", True),
        ("http://127.0.0.1:8780/files/a.png", True),
        ("https://evil.example/?said=secret", False),
        ("https://aivax.net.evil.example/a.png", False),
        ("https://notaivax.net/a.png", False),
        ("https://aivax.net@evil.example/a.png", False),
        ("http://127.0.0.1:8781/files/a.png", False),
    ],
)
def test_links_that_a_model_wrote_are_followed_to_trusted_hosts_alone(url: str, *, trusted: bool) -> None:
    assert files_of(Scripted()).trusts(url) is trusted


@pytest.mark.parametrize(
    ("address", "public"),
    [
        (PUBLIC, True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:a00:1::", False),
        ("224.0.0.1", False),
        ("nonsense", False),
    ],
)
def test_an_address_is_public_or_not_however_it_is_wrapped(address: str, *, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("Here: https://a.example/x.png.", ["https://a.example/x.png"]),
        ("![a cat](https://a.example/x.png) and [b](https://a.example/y)", ["https://a.example/x.png", "https://a.example/y"]),
        ('<img src="https://a.example/x.png">', ["https://a.example/x.png"]),
        ("(see https://a.example/x_(1).png)", ["https://a.example/x_(1).png"]),
        ("**https://a.example/x**", ["https://a.example/x"]),
        ("https://a.example/x https://a.example/x", ["https://a.example/x"]),
        ("no link, ftp://a.example/x", []),
    ],
)  # fmt: skip
def test_links_are_found_in_any_markup(text: str, links: list[str]) -> None:
    assert list(links_in(text)) == links


def test_a_tool_tells_its_links_in_any_shape() -> None:
    one, two = "https://a.example/1.png", "https://a.example/2.pdf"

    assert links_of({"result": f"Made {one}."}) == (one,)
    assert links_of({"resultText": f"![]({one})"}) == (one,)
    assert links_of({"result": {"images": [{"url": one}, two]}}) == (one, two)
    assert links_of({"files": [{"url": one}], "url": one}) == (one,)
    assert links_of({"contents": one, "state": "Running", "result": None}) == ()
    assert len(links_of({"urls": [f"https://a.example/{number}" for number in range(100)]})) == MOST_LINKS


@given(st.text(alphabet=string.printable + "«é\u2028\U0001f600", max_size=300))
def test_whatever_stands_around_links_they_are_plain_addresses(text: str) -> None:
    for link in links_in(f"{text} https://a.example/x {text}"):
        assert link.startswith(("http://", "https://"))
        assert not set(link) & set(" \n\t<>\"'`|[]")
        assert len(link) <= 2_010

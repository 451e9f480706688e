"""*Try it* in a browser without scripts: who may send, what is shown, and that nothing of it is markup."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from bots.web.console.chat.markdown import html_of
from bots.web.server import serve
from core.domain.console import Role
from core.storage.console_chat.entries import EntryKind, NewFile
from tests.console_stage import ADDRESS, Console, Page, Surfer, console_on, sqlite_copy
from tests.hostile import HOSTILE
from tests.test_console_live import following

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
BUTTON = {"action": "good", "turn": "k1", "label": "Good <b>answer</b>", "value": ""}
ALLOWED = {
    *("p", "em", "strong", "s", "code", "pre", "a", "ul", "ol", "li", "blockquote", "hr", "br", "div"),
    *("table", "thead", "tbody", "tr", "th", "td", "h3", "h4", "h5", "h6"),
}
ATTRIBUTES = {"href", "target", "rel", "tabindex", "class", "data-language", "start"}


@pytest.fixture
async def console(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Console]:
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path)) as opened:
        yield opened


async def send(surfer: Surfer, text: str, *files: tuple[str, bytes], key: str = "") -> Page:
    """Fill in the form of the chat, as a browser that runs no scripts sends it."""
    page = await surfer.see("/try")
    found = re.search(r'name="key" value="([0-9a-f]{32})"', page.source)
    assert found
    fields = {"form_token": page.form_token, "key": key or found[1], "text": text}
    parts = [("files", (name, data, "text/html")) for name, data in files]
    got = await surfer.client.post(
        "/console/try/say", data=fields, files=parts or None, headers={"Origin": ADDRESS}
    )
    return Page(got)


async def test_words_are_shown_as_they_are_and_an_answers_markdown_is_drawn(console: Console) -> None:
    ana = await console.user("ana", Role.OPERATOR)
    empty = await ana.see("/try")
    sent = await send(ana, "tell me of **pigeons** <b>now</b>")
    assert console.chat is not None
    await console.chat.store.post(1, "n1", "# They\n\nare **birds**", buttons=[BUTTON])
    page = await ana.see("/try")

    assert "Nothing was said here yet" in empty.text
    assert "the real gateway house:50c3" in empty.text
    assert (sent.status, sent.to) == (303, "/console/try")
    assert "tell me of **pigeons** &lt;b&gt;now&lt;/b&gt;" in page.source
    assert "<h3>They</h3>" in page.source
    assert "<strong>birds</strong>" in page.source
    assert "Good &lt;b&gt;answer&lt;/b&gt;" in page.source
    assert "Nothing was said here yet" not in page.text


async def test_a_form_that_is_sent_twice_says_it_once_and_an_empty_one_nothing(console: Console) -> None:
    ana = await console.user("ana", Role.OPERATOR)
    for _ in range(2):
        assert (await send(ana, "hello", key="0" * 32)).status == 303
    nothing = await send(ana, "  \r\n ")

    assert nothing.status == 422
    assert "Write something, or choose a file." in nothing.text
    assert console.chat is not None
    assert [each.text for each in await console.chat.store.entries(1)] == ["hello"]


async def test_a_files_kind_is_told_by_its_bytes_and_only_its_owner_gets_it_to_keep(console: Console) -> None:
    ana, ben = await console.user("ana", Role.OPERATOR), await console.user("ben", Role.OWNER)
    await send(ana, "", ('../../a"b\r\n.png', b"<script>alert(1)</script>"), ("note", PNG))
    page = await ana.see("/try")
    script, picture = [await ana.client.get(f"/console/try/files/{number}") for number in (1, 2)]
    others = await ben.see("/try/files/1")

    assert page.source.count("<img ") == 1
    assert script.headers["content-type"] == "application/octet-stream"
    assert script.headers["content-disposition"].startswith('attachment; filename="a')
    assert "\r" not in script.headers["content-disposition"]
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert script.content == b"<script>alert(1)</script>"
    assert others.status == 404


async def test_too_many_files_are_told(console: Console) -> None:
    ana = await console.user("ana", Role.OPERATOR)
    many = await send(ana, "look", *((f"{number}.txt", b"x") for number in range(6)))

    assert many.status == 422
    assert "Too many files: at most 5 at once." in many.text
    assert console.chat is not None
    assert await console.chat.store.entries(1) == []


@pytest.mark.parametrize("bytes_", [1_000_001, 20_000_000])
async def test_what_is_too_large_is_told_on_the_page_in_its_readers_language(
    console: Console, bytes_: int
) -> None:
    ana = await console.user("ana", Role.OPERATOR)
    form = await ana.see("/try")
    async with (
        serve([], {"/console": console.app}, "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=90) as client,
    ):
        files, headers = {"files": b"x" * bytes_}, {"Accept-Language": "es"}
        stranger = await client.post("/console/try/say", files=files, headers=headers)
        client.cookies.set("aivax-console", ana.cookie)
        page = await client.post("/console/try/say", files=files, headers=headers)
        part = await client.post("/console/try/say", files=files, headers={**headers, "HX-Request": "true"})
        other = await client.post("/console/access/invite", content=b"x" * 1_000_001)

    assert "together 1 MB" in form.text
    assert 'data-most-bytes="1000000"' in form.source
    assert [each.status_code for each in (page, part, stranger, other)] == [413] * 4
    for told in (page, part):
        assert "Es demasiado grande: el texto y los archivos pueden tener 1 MB" in told.text
    assert "<html" in page.text
    assert 'id="say"' in page.text
    assert "<html" not in part.text
    assert "Es demasiado grande" in stranger.text
    assert 'id="say"' not in stranger.text
    assert console.chat is not None
    assert await console.chat.store.entries(1) == []


async def test_who_only_looks_sends_nothing_and_is_told_why(console: Console) -> None:
    vic = await console.user("vic", Role.VIEWER)
    page = await vic.see("/try")
    await vic.see("/account")
    refused = [await vic.send(f"/try/{path}", text="hello", new="1") for path in ("say", "press")]

    assert "Operators ask questions here." in page.text
    assert "<textarea" not in page.source
    assert [each.status for each in refused] == [403, 403]


async def test_without_the_chat_its_page_says_why(migrated_sqlite: Path, tmp_path: Path) -> None:
    url = sqlite_copy(migrated_sqlite, tmp_path)
    for settings, why in (({"try_it": False}, "[web.console] try_it"), ({}, "In this demonstration")):
        async with console_on(url, chats=False, **settings) as console:
            page = await (await console.user("vic", Role.VIEWER)).see("/try")
            assert why in page.text
            assert (
                await (await console.user("vic", Role.VIEWER)).see("/try/conversation.json")
            ).status == 404


async def test_an_idea_is_asked_by_its_button_and_an_old_button_is_told(console: Console) -> None:
    assert console.chat is not None
    ana = await console.user("ana", Role.OPERATOR)
    await console.chat.store.suggest(1, ["And then?", "Why <b>?"])
    await ana.see("/try")
    asked = await ana.send("/try/press", idea="1.1")
    await ana.see("/try")
    gone = await ana.send("/try/press", idea="1.1")
    unknown = await ana.send("/try/press", press="good|k1|")
    await ana.see("/try")
    again = await ana.send("/try/press", new="1")

    assert [each.status for each in (asked, gone, unknown, again)] == [303, 422, 422, 303]
    assert "This button is there no more." in gone.text
    assert [each.text for each in await console.chat.store.entries(1)] == ["Why <b>?", "reset"]


async def test_a_form_of_another_site_says_nothing(console: Console) -> None:
    ana = await console.user("ana", Role.OPERATOR)
    page = await ana.see("/try")
    fields, files = {"form_token": page.form_token, "text": "hello"}, {"files": ("a.txt", b"x")}
    for origin, told in ((ADDRESS, {**fields, "form_token": "0" * 64}), ("http://evil.example", fields)):
        got = await ana.client.post("/console/try/say", data=told, files=files, headers={"Origin": origin})
        assert got.status_code == 403

    assert console.chat is not None
    assert await console.chat.store.entries(1) == []


# What a model writes


class Tags(HTMLParser):
    """Elements with their attributes."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


WRAPS = (
    *("{}", "[x]({})", "![{}]({})", "<{}>", "```{}\n{}\n```", "| {} |\n|---|\n| {} |"),
    *("# {}", "[x]: {}\n\n[x]", "    {}"),
)


@pytest.mark.parametrize("wrap", WRAPS)
def test_nothing_that_a_model_writes_becomes_markup_of_its_own(wrap: str) -> None:
    for text in HOSTILE:
        for tag, attributes in Tags(html_of(wrap.replace("{}", text))).found:
            assert tag in ALLOWED, text
            assert attributes.keys() <= ATTRIBUTES, text
            to = (attributes.get("href") or "https:").lower()
            assert to.startswith(("http:", "https:", "mailto:")), text


async def test_on_the_page_every_hostile_text_is_read_as_it_is(console: Console) -> None:
    assert console.chat is not None
    ana = await console.user("ana", Role.OPERATOR)
    plain = Tags((await ana.see("/try")).source).found
    for start in range(0, len(HOSTILE), 80):
        some = HOSTILE[start : start + 80]
        button = {**BUTTON, "label": some[0], "value": some[1]}
        await console.chat.store.say(
            1, f"k{start}", "\n".join(some), locale="", files=[NewFile(each, each, b"x") for each in some[:5]]
        )
        await console.chat.store.post(1, "n", "\n\n".join(some), buttons=[button])
    await console.chat.store.suggest(1, list(HOSTILE[:40]))
    page = await ana.see("/try")

    new = [each for each in Tags(page.source).found if each not in plain and each[1].get("name") != "key"]
    assert {tag for tag, _ in new} <= ALLOWED | {"time", "bdi", "span", "button", "img", "i"}
    assert not [
        name for _, names in new for name in names if name.startswith("on") or name in ("style", "srcdoc")
    ]
    for name in ("src", "action", "formaction"):
        assert all((names.get(name) or "/console/").startswith("/console/") for _, names in new)
    said = "".join(html.unescape(re.sub(r"<[^>]+>", "", page.source)).split())
    assert "".join("\n".join(HOSTILE[:20]).replace("\0", "").split()) in said


# As it goes on


async def test_a_page_is_sent_what_changes_and_no_more_once_its_session_ends(console: Console) -> None:
    assert console.chat is not None
    ana = await console.user("ana", Role.OPERATOR)
    store = console.chat.store
    await store.say(1, "a", "hello", locale="")
    seen = re.search(r"seen=([0-9a-f]{16})", (await ana.see("/try")).source)
    assert seen
    async with (
        serve([], {"/console": console.app}, "127.0.0.1", 0) as port,
        following(port, ana, "try?seen=old") as late,
        following(port, ana, f"try?seen={seen[1]}") as page,
    ):
        name, whole = await late.event()
        posted = await store.post(1, "n1", "The first", buttons=[BUTTON])
        new = await page.update("The first")
        await store.edit(1, posted, "The first half")
        changed = await page.update("The first half")
        told = await page.update('id="chat-said"')
        await store.remove(1, posted)
        removed = await page.update("delete")
        await ana.see("/account")
        await ana.send("/sign-out")
        await store.post(1, "n2", "A secret")
        ended = [await page.event(), await page.event()]

    assert (name, "hello" in whole) == ("all", True)
    assert 'hx-swap-oob="beforeend:#talk"' in new
    assert f'id="entry-{posted}" class="bot" hx-swap-oob="true"' in changed
    assert "The first half" in told
    assert f'id="entry-{posted}" hx-swap-oob="delete"' in removed
    assert [each[0] for each in ended] == ["all", "end"]
    assert "A secret" not in ended[0][1]


async def test_no_stream_of_the_chat_without_a_session_and_no_more_than_may_be(console: Console) -> None:
    ana = await console.user("ana", Role.OPERATOR)
    stranger = await console.browser().see("/live/try")
    async with serve([], {"/console": console.app}, "127.0.0.1", 0) as port:
        base, cookies = f"http://127.0.0.1:{port}/console", {"aivax-console": ana.cookie}
        async with (
            following(port, ana, "try"),
            following(port, ana, "try"),
            following(port, ana, "try"),
            following(port, ana, "try"),
            httpx.AsyncClient(base_url=base, cookies=cookies) as client,
        ):
            full = await client.get("/live/try")

        async def is_free() -> bool:
            client = httpx.AsyncClient(base_url=base, cookies=cookies)
            async with client, client.stream("GET", "/live/try") as got:
                return got.status_code == 200

        assert full.status_code == 503
        free = [await is_free() for _ in range(3)]
        while not free[-1]:  # no deadline: the test's own
            free.append(await is_free())
    assert stranger.status == 303


async def test_the_chat_is_saved_as_a_file(console: Console) -> None:
    assert console.chat is not None
    ana = await console.user("ana", Role.OPERATOR)
    await send(ana, "hello", ("n.txt", b"abc"))
    await console.chat.store.post(1, "n1", "An **answer**.")
    got = await ana.client.get("/console/try/conversation.json")

    told = [(each["by"], each["text"], each["files"]) for each in got.json()["messages"]]
    assert told == [("you", "hello", ["n.txt"]), ("bot", "An **answer**.", [])]
    assert got.headers["content-disposition"].startswith("attachment")
    assert EntryKind.PERSON in {each.kind for each in await console.chat.store.entries(1)}

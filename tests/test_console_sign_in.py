"""The way into the web console: by a link, by a password, with a role; and all the ways that lead nowhere."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.routing import Route

from bots.web.console.live.scripts import scripts
from bots.web.console.security.headers import HEADERS
from bots.web.console.security.sites import within
from bots.web.console.service import first_link
from bots.web.console.settings import ConsoleSettings, check_console
from core.domain import SettingRefused
from core.domain.console import Role
from core.storage.db import console_sessions, console_users, metadata
from tests.console_seed import Size, fill
from tests.console_stage import ADDRESS, PASSWORD, Console, Surfer, console_on, sqlite_copy

SCRIPTS = {f"/static/{each.address}" for each in scripts()}
ELSEWHERE = {"/sign-in/with/{provider}", "/sign-in/with/{provider}/back"}
FILES = {"/static/console.{version}.css", "/static/chat.{version}.js", "/static/icon.svg"}
OWN = {"/sign-out", "/account/password", "/account/sessions/{session:int}/end", "/{path:path}"}
"""What everybody may do about themselves."""
OPEN = {"/sign-in", "/link/{link}", *FILES, *ELSEWHERE, *SCRIPTS}


class Time:
    """A clock in the test's hands."""

    def __init__(self) -> None:
        self.at = datetime(2026, 9, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def goes_on(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def console(migrated_sqlite: Path, tmp_path: Path, time: Time) -> AsyncIterator[Console]:
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path), now=time) as opened:
        yield opened


def routes_of(console: Console) -> list[Route]:
    return [each for each in console.app._app.routes if isinstance(each, Route)]


# The first sign-in


async def test_the_first_link_makes_an_owner_once_and_then_a_password_does(
    migrated_url: str, time: Time
) -> None:
    async with console_on(migrated_url, now=time) as console:
        link = await first_link(console.sign_in, ADDRESS)
        path = link.removeprefix(f"{ADDRESS}/console")
        ana, ben = console.browser(), console.browser()
        looked = await ana.see(path)
        short = await ana.send(path, name="Ana", password="short", again="short")
        differ = await ana.send(path, name="Ana", password=PASSWORD, again=f"{PASSWORD}!")
        entered = await ana.send(path, name=" Ana ", password=PASSWORD, again=PASSWORD)
        again = await ben.see(path)
        by_password = await ben.sign_in("ANA")
        account = await ben.see("/account")
        none_is_needed = await first_link(console.sign_in, ADDRESS)

    assert "Welcome to the console" in looked.text
    assert (short.status, differ.status) == (422, 422)
    assert "at least 12 characters" in short.text
    assert (entered.status, entered.to) == (303, "/console/")
    assert "used before" in again.text
    assert (by_password.status, by_password.to) == (303, "/console/")
    assert "ana owner" in account.text
    assert none_is_needed == ""


async def test_a_link_ends_with_its_time(console: Console, time: Time) -> None:
    link = await console.sign_in.make_link(Role.OWNER, resets=True)
    ana = console.browser()
    await ana.see(f"/link/{link}")
    time.goes_on(minutes=31)

    late = await ana.send(f"/link/{link}", name="ana", password=PASSWORD, again=PASSWORD)

    assert late.status == 422
    assert "its time is over" in late.text


async def test_a_link_from_the_machine_is_the_way_back_in_and_ends_the_sessions_of_before(
    console: Console,
) -> None:
    lost = await console.user("ana", Role.OWNER)
    link = await console.sign_in.make_link(Role.OWNER, resets=True)
    back = console.browser()
    await back.see(f"/link/{link}")

    entered = await back.send(
        f"/link/{link}", name="ana", password="another password", again="another password"
    )

    assert entered.status == 303
    assert (await lost.see("/")).to.startswith("/console/sign-in")
    assert (await console.browser().sign_in("ana")).status == 401
    assert (await console.browser().sign_in("ana", "another password")).status == 303


async def test_an_invitation_takes_nobodys_name(console: Console) -> None:
    owner = await console.user("ana", Role.OWNER)
    await owner.see("/access")
    invited = await owner.send("/access/invite", role="viewer")
    path = invited.text.partition("/console/link/")[2].split()[0]
    ben = console.browser()
    await ben.see(f"/link/{path}")

    as_ana = await ben.send(f"/link/{path}", name="ana", password="x" * 20, again="x" * 20)
    as_ben = await ben.send(f"/link/{path}", name="ben", password="x" * 20, again="x" * 20)

    assert "Somebody else has that name" in as_ana.text
    assert as_ben.status == 303
    assert "ben viewer" in (await ben.see("/account")).text


# What a session is


async def test_no_page_and_no_form_is_there_without_a_session(console: Console) -> None:
    stranger = console.browser()
    page = await stranger.see("/sign-in")
    walked = 0
    for route in routes_of(console):
        path = re.sub(r"\{\w+:int\}", "1", route.path).replace("{path:path}", "x")
        if route.path in OPEN:
            continue
        walked += 1
        if "POST" in (route.methods or ()):
            got = await stranger.send(path, form_token=page.form_token)
        else:
            got = await stranger.see(path)
        assert got.status == 303, route.path
        assert got.to.startswith("/console/sign-in?next=/console/"), route.path

    assert walked > 8


async def test_a_session_is_new_at_each_sign_in_and_a_planted_cookie_opens_none(console: Console) -> None:
    ana = await console.user("ana", Role.OWNER)
    before = ana.cookie
    victim = console.browser()
    victim.client.cookies.set("aivax-console", "A" * 43, domain="127.0.0.1")
    await victim.sign_in("ana")

    await ana.see("/sign-in")
    ana.at = await ana.see("/account")
    await ana.send("/sign-in", name="ana", password=PASSWORD)

    assert victim.cookie not in ("", "A" * 43)
    assert ana.cookie != before
    old = console.browser()
    old.client.cookies.set("aivax-console", before, domain="127.0.0.1")
    assert (await old.see("/")).status == 303


async def test_a_session_ends_unused_and_after_its_days(console: Console, time: Time) -> None:
    ana = await console.user("ana", Role.OWNER)
    for _ in range(27):
        time.goes_on(hours=11)
        assert (await ana.see("/account")).status == 200
    time.goes_on(hours=13)
    assert (await ana.see("/account")).status == 303

    await ana.sign_in("ana")
    for _ in range(31):
        time.goes_on(hours=11)
        last = await ana.see("/account")
    assert last.status == 303


async def test_neither_tokens_nor_passwords_are_in_the_database(console: Console) -> None:
    ana = await console.user("ana", Role.OWNER)

    async with console.database.read() as connection:
        stored = repr((await connection.execute(select(console_sessions))).all())
        stored += repr((await connection.execute(select(console_users))).all())

    assert ana.cookie not in stored
    assert PASSWORD not in stored
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in stored


async def test_sessions_are_listed_and_revoked_by_their_user_and_by_an_owner(console: Console) -> None:
    owner, viewer = await console.user("ana", Role.OWNER), await console.user("ben", Role.VIEWER)
    other = console.browser(**{"User-Agent": "Telephone"})
    await other.sign_in("ben")
    listed = await viewer.see("/account")
    everybodys = await owner.see("/access")
    async with console.database.read() as connection:
        ids = list((await connection.execute(select(console_sessions.c.id).order_by("id"))).scalars())

    await viewer.send(f"/account/sessions/{ids[0]}/end")  # an owner's is not theirs to end
    assert (await owner.see("/access")).status == 200
    await viewer.see("/account")
    await viewer.send(f"/account/sessions/{ids[2]}/end")
    assert (await other.see("/")).status == 303
    await owner.send(f"/access/sessions/{ids[1]}/end")
    assert (await viewer.see("/")).status == 303

    assert "Telephone" in listed.text
    assert "Telephone" in everybodys.text


async def test_a_new_password_ends_every_other_session(console: Console) -> None:
    ana, phone = await console.user("ana", Role.OWNER), console.browser()
    await phone.sign_in("ana")
    await ana.see("/account")

    wrong = await ana.send("/account/password", old="guess", password="x" * 12, again="x" * 12)
    right = await ana.send("/account/password", old=PASSWORD, password="x" * 12, again="x" * 12)

    assert (wrong.status, right.status) == (401, 303)
    assert (await ana.see("/")).status == 200
    assert (await phone.see("/")).status == 303


async def test_who_signs_out_is_out(console: Console) -> None:
    ana = await console.user("ana", Role.OWNER)
    kept = ana.cookie

    await ana.send("/sign-out")

    assert ana.cookie == ""
    ana.client.cookies.set("aivax-console", kept, domain="127.0.0.1")
    assert (await ana.see("/")).status == 303


# Forgery


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"{ADDRESS}.evil.example"},
        {"Origin": "http://127.0.0.1:8781"},
        {"Origin": ""},
    ],
)
async def test_a_form_of_another_site_changes_nothing(console: Console, headers: dict[str, str]) -> None:
    ana = await console.user("ana", Role.OWNER)
    await ana.see("/access")

    forged = await ana.send("/access/invite", headers, role="owner")
    entered = console.browser()
    await entered.see("/sign-in")
    login = await entered.send("/sign-in", headers, name="ana", password=PASSWORD)

    assert forged.status == 403
    assert "/console/link/" not in forged.source
    assert login.status == 403
    assert (await ana.see("/access")).text.count("End") == 1


async def test_a_form_needs_the_token_of_its_own_session(console: Console) -> None:
    ana, ben = await console.user("ana", Role.OWNER), await console.user("ben", Role.OWNER)
    await ana.see("/access")
    assert ben.at is not None

    for token in ("", "0" * 64, ben.at.form_token):
        assert (await ana.send("/access/invite", role="owner", form_token=token)).status == 403
    assert (await ana.send("/access/invite", role="owner")).status == 200


async def test_a_form_without_an_origin_is_believed_only_where_the_browser_says_it_is_ours(
    console: Console,
) -> None:
    ana = await console.user("ana", Role.OWNER)
    page = await ana.see("/access")
    body = {"form_token": page.form_token, "role": "viewer"}

    bare = await ana.client.post("/console/access/invite", data=body)
    cross = await ana.client.post(
        "/console/access/invite", data=body, headers={"Sec-Fetch-Site": "cross-site"}
    )
    same = await ana.client.post(
        "/console/access/invite", data=body, headers={"Sec-Fetch-Site": "same-origin"}
    )

    assert [each.status_code for each in (bare, cross, same)] == [403, 403, 200]


async def test_a_name_that_was_rebound_to_this_address_gets_nothing(console: Console) -> None:
    ana = await console.user("ana", Role.OWNER)

    rebound = await ana.see("/", Host="evil.example")
    as_user = await ana.see("/", Host="127.0.0.1:8780@evil.example")

    assert rebound.status == as_user.status == 421
    assert "public_url" in rebound.text


async def test_behind_a_proxy_that_tells_its_own_host_forms_of_the_public_address_are_ours(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    public = "https://bot.example.com"
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path), public_url=f"{public}/") as console:
        ana = console.browser()
        link = await console.sign_in.make_link(Role.OWNER)
        page = await ana.see(f"/link/{link}")
        token = page.response.headers["set-cookie"].partition("=")[2].partition(";")[0]
        fields = {"form_token": page.form_token, "name": "ana", "password": PASSWORD, "again": PASSWORD}

        async def send(origin: str) -> int:
            headers = {"Origin": origin, "Cookie": f"__Host-aivax-console={token}"}
            return (await ana.client.post(f"/console/link/{link}", data=fields, headers=headers)).status_code

        assert await send("https://evil.example") == 403
        assert await send(public) == 303


# Roles


async def test_a_viewer_can_do_nothing_but_look(console: Console) -> None:
    viewer = await console.user("vic", Role.VIEWER)
    tried = 0
    for route in routes_of(console):
        if "POST" not in (route.methods or ()) or route.path in OPEN | OWN:
            continue
        tried += 1
        path = re.sub(r"\{\w+:int\}", "1", route.path)
        await viewer.see("/account")
        assert (await viewer.send(path, role="owner")).status == 403, route.path

    assert tried >= 4
    assert (await viewer.see("/access")).status == 403
    assert "Access" not in (await viewer.see("/")).text


async def test_whatever_a_viewer_opens_and_sends_leaves_every_row_as_it_was(console: Console) -> None:
    await fill(console.database, console.now(), Size(people=6, turns=60, days=2))
    await console.user("ana", Role.OWNER)
    viewer = await console.user("vic", Role.VIEWER)
    before = await _rows(console)
    walked = 0
    for route in routes_of(console):
        path = re.sub(r"\{\w+:int\}", "1", route.path).replace("{language}", "en").replace("{key}", "busy")
        if route.path in OPEN | OWN or "/live/" in path:
            continue
        walked += 1
        if "POST" in (route.methods or ()):
            await viewer.see("/account")
            sent = await viewer.send(path, meant="yes", role="owner", text="Hello.", language="en")
            assert sent.status == 403, route.path
        else:
            assert (await viewer.see(path)).status in (200, 303, 403, 404), route.path

    assert walked > 25
    assert await _rows(console) == before


async def _rows(console: Console) -> dict[str, list[Any]]:
    """All that is stored, but for when a session was last seen."""
    async with console.database.read(many_rows=True) as connection:
        return {
            table.name: sorted(map(repr, await connection.execute(select(table))))
            for table in metadata.tables.values()
            if table is not console_sessions
        }


async def test_numbers_and_addresses_that_no_row_has_are_nothing_and_no_failure(
    console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = await console.user("ana", Role.OWNER)
    for route in routes_of(console):
        if "{" not in route.path or ":int" not in route.path:
            continue
        for number, status in (("9" * 30, 404), ("9" * 5_000, 414)):
            path = re.sub(r"\{\w+:int\}", number, route.path)
            await owner.see("/account")
            got = await (owner.send(path) if "POST" in (route.methods or ()) else owner.see(path))
            assert got.status == status, route.path
    assert (await console.browser().see(f"/turns/{'9' * 5_000}")).status == 414

    assert "crashed" not in capsys.readouterr().out


async def test_a_one_time_link_is_in_no_line_of_the_log(
    migrated_sqlite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path)) as console:
        link = await console.sign_in.make_link(Role.OWNER)
        (tmp_path / "console.sqlite3").unlink()
        gone = await console.browser().see(f"/link/{link}")

    told = capsys.readouterr().out
    assert gone.status == 503
    assert "console.failed" in told
    assert "/link/{link}" in told
    assert link not in told


async def test_somebody_must_stay_who_may_let_others_in(console: Console) -> None:
    ana = await console.user("ana", Role.OWNER)
    ben = await console.user("ben", Role.OPERATOR)
    await ana.see("/access")

    alone = await ana.send("/access/users/1/role", role="viewer")
    removed = await ana.send("/access/users/1/remove")
    await ana.send("/access/users/2/role", role="owner")
    with_another = await ana.send("/access/users/1/remove")

    assert (alone.status, removed.status, with_another.status) == (409, 409, 303)
    assert (await ana.see("/")).status == 303
    assert (await ben.see("/access")).status == 200


# Guessing


async def test_guessing_is_slowed_down_by_name_and_by_address_even_with_the_right_password(
    migrated_url: str, time: Time
) -> None:
    async with console_on(migrated_url, now=time) as console:
        await console.user("ana", Role.OWNER)
        guesses = [
            await console.browser(address=f"10.1.0.{each}").sign_in("ana", "guess") for each in range(7)
        ]
        right_too = await console.browser(address="10.1.0.99").sign_in("ana")
        names = [await console.browser(address="10.2.0.1").sign_in(f"n{each}", "guess") for each in range(6)]
        time.goes_on(minutes=16)
        later = await console.browser().sign_in("ana")

    assert [each.status for each in guesses] == [401] * 5 + [429] * 2
    assert right_too.status == 429
    assert "try again in 15 minutes" in right_too.text
    assert [each.status for each in names] == [401] * 5 + [429]
    assert later.status == 303


async def test_a_name_that_there_is_not_is_refused_like_a_wrong_password(console: Console) -> None:
    await console.user("ana", Role.OWNER)

    known, unknown = await console.browser().sign_in("ana", "x"), await console.browser().sign_in("eve", "x")

    assert known.status == unknown.status == 401
    told = "That name and password do not go together."
    assert told in known.text
    assert told in unknown.text


# Headers and addresses


async def test_every_answer_forbids_scripts_frames_and_copies(console: Console) -> None:
    ana = await console.user("ana", Role.OWNER)
    page = await ana.see("/")
    style = page.source.partition('rel="stylesheet" href="')[2].partition('"')[0]
    got = [
        page,
        await ana.see("/nothing"),
        await console.browser().see("/"),
        await console.browser().see("/sign-in"),
    ]
    css = await ana.client.get(style)

    for each in [*(page.response for page in got), css]:
        assert {name: each.headers[name] for name in HEADERS} == HEADERS
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert all(each.response.headers["cache-control"] == "no-store" for each in got)
    assert css.headers["content-type"].startswith("text/css")
    own = re.findall(r'<script src="/console/static/[0-9a-f]{12}/[a-z0-9.-]+" defer></script>', page.source)
    assert len(own) == page.source.count("<script") == 2
    assert not any(mark in page.source for mark in (" style=", "onclick", "javascript:", "https://"))
    assert all("<script" not in each.source for each in got[2:])


async def test_the_cookie_is_kept_from_scripts_and_from_plain_connections(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    public = "https://bot.example.com"
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path), public_url=public) as console:
        got = await console.browser().see("/sign-in", Host="bot.example.com")

    cookie = got.response.headers["set-cookie"]
    assert cookie.startswith("__Host-aivax-console=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= {each.strip() for each in cookie.split(";")}
    assert "max-age" in got.response.headers["strict-transport-security"]


@pytest.mark.parametrize(
    "path",
    [
        *(
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "/console//evil.example",
            "javascript:x",
        ),
        *(
            "/console/\r\nX: y",
            "/console/@evil.example",
            "/consoleevil",
            "\t/console/",
            "/console/..//evil",
            "",
        ),
    ],
)
def test_nobody_is_sent_to_another_place(path: str) -> None:
    assert within(path) in ("/console/", "/console/.." if path.startswith("/console/..") else "/console/")


async def test_after_signing_in_one_is_where_one_wanted_to_be(console: Console) -> None:
    await console.user("ana", Role.OWNER)
    ana = console.browser()
    to_sign_in = await ana.see("/account?x=1")
    await ana.see(to_sign_in.to.removeprefix("/console"))
    assert ana.at is not None

    wanted = ana.at.source.partition('name="next" value="')[2].partition('"')[0]
    entered = await ana.send("/sign-in", name="ana", password=PASSWORD, next=wanted)
    await ana.see("/sign-in")
    evil = await Surfer(ana.client._transport.app).see("/sign-in?next=https://evil.example")  # type: ignore[attr-defined]

    assert entered.to == "/console/account?x=1"
    assert "evil" not in evil.source


async def test_the_console_speaks_the_browsers_language(console: Console) -> None:
    stranger = console.browser()

    assert (
        "Entrar" in (await stranger.see("/sign-in", **{"Accept-Language": "de, pt-BR;q=0.8, en;q=0.5"})).text
    )
    assert 'lang="es"' in (await stranger.see("/sign-in", **{"Accept-Language": "es-ES"})).source
    assert "Sign in" in (await stranger.see("/sign-in", **{"Accept-Language": "ja"})).text


@pytest.mark.parametrize(
    ("host", "public_url"),
    [("0.0.0.0", ""), ("0.0.0.0", "http://bot.example.com"), ("127.0.0.1", "http://10.0.0.7:8780")],
)
def test_a_console_to_which_passwords_would_come_in_the_clear_is_refused(host: str, public_url: str) -> None:
    with pytest.raises(SettingRefused, match=r"\[web.console\] public_url"):
        check_console(ConsoleSettings(enabled=True, public_url=public_url), host)
    check_console(ConsoleSettings(enabled=True, public_url="https://bot.example.com"), host)


async def test_a_database_that_is_gone_is_told_and_not_blamed_on_the_reader(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path)) as console:
        ana = await console.user("ana", Role.OWNER)
        (tmp_path / "console.sqlite3").unlink()

        gone = await ana.see("/")

    assert gone.status == 503
    assert "The database does not answer" in gone.text

"""Signing in to the console with an account elsewhere: who gets in, as what, and all that is refused."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from aiohttp import web
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import select

from bots.discord.plugin import SIGN_IN as DISCORD
from bots.discord.plugin import plugin as discord_plugin
from bots.doctor.sign_in import SignInCheck
from bots.frontends import installed
from bots.redaction import secrets_in
from bots.reloading import LiveSettings, Reloader
from bots.setting_rules.reading import SettingsRefused
from bots.settings import Settings, WebSettings, load
from bots.slack.plugin import SIGN_IN as SLACK
from bots.web.console.providers import states
from bots.web.console.providers.build import PlatformPeople, people_of, providers_of
from bots.web.console.providers.discovery import Discovery
from bots.web.console.providers.transport import Transport
from bots.web.console.providers.values import ProviderFailed
from bots.web.console.security.sign_in import Browser
from bots.web.console.service import first_link
from bots.web.console.settings import ConsoleSettings, check_console
from bots.web.server import serve
from core.admission.operator_alerts import OperatorAlerts
from core.domain import SettingRefused
from core.domain.console import OutsideAccount, Role
from core.storage.console.access.outside import OutsideStore
from core.storage.db import (
    Database,
    audit_log,
    console_outside_accounts,
    console_sessions,
    console_used_states,
)
from core.util.clock import utc_now
from tests.console_stage import (
    ADDRESS,
    PASSWORD,
    Console,
    Page,
    Surfer,
    console_on,
    console_settings,
    sqlite_copy,
)
from tests.platforms.identity import FakeDiscordSignIn, FakeOidc
from tests.platforms.identity import discord as discord_client
from tests.platforms.identity.oidc import CLIENT, SECRET
from tests.platforms.identity.served import Served
from tests.test_console_live import following


def back(key: str) -> str:
    return f"{ADDRESS}/console/sign-in/with/{key}/back"


@pytest.fixture
async def provider() -> AsyncIterator[FakeOidc]:
    async with FakeOidc({back("oidc")}) as opened:
        yield opened


def oidc(provider: FakeOidc, **more: Any) -> dict[str, Any]:
    named = {"owners": ("sub:248289761001",)} if not {"owners", "viewers", "operators"} & more.keys() else {}
    own = {"issuer": provider.url, "client_id": CLIENT, "client_secret": provider.codes.secret}
    return {**own, **named, **more}


@asynccontextmanager
async def console_with(path: Path, provider: FakeOidc, **more: Any) -> AsyncIterator[Console]:
    url = f"sqlite+aiosqlite:///{path}"
    async with console_on(url, oidc=oidc(provider, **more)) as console:
        yield console


@pytest.fixture
def path(migrated_sqlite: Path, tmp_path: Path) -> Path:
    return Path(sqlite_copy(migrated_sqlite, tmp_path).partition("///")[2])


@pytest.fixture
async def console(path: Path, provider: FakeOidc) -> AsyncIterator[Console]:
    async with console_with(path, provider) as opened:
        yield opened


async def leave(surfer: Surfer, key: str = "oidc", **fields: str) -> Page:
    """Press the button: the page that leads to the provider."""
    await surfer.see("/sign-in")
    return await surfer.send(f"/sign-in/with/{key}", **fields)


async def at_provider(page: Page) -> str:
    """Go where the page leads, and be sent back from there: the path at the console."""
    address = page.response.headers["refresh"].removeprefix("0; url=")
    async with httpx.AsyncClient() as client:
        sent = await client.get(address)
        if sent.headers.get("location", "").endswith("seen=1"):
            sent = await client.get(sent.headers["location"])
    assert sent.status_code == 302, sent.text
    return sent.headers["location"].removeprefix(f"{ADDRESS}/console")


async def enter(surfer: Surfer, key: str = "oidc", **fields: str) -> Page:
    return await surfer.see(await at_provider(await leave(surfer, key, **fields)))


def refused(page: Page, told: str, status: int = 403) -> None:
    """One sentence and a reference, and no trace."""
    assert page.status == status, page.text
    assert told in page.text
    assert page.source.count("<code>") == 1 + page.source.count("console link")
    assert "Traceback" not in page.text


FAILED = "can't be trusted or read"
OTHER = "was not begun in this browser"


# In


async def test_who_the_settings_name_is_in_with_their_role_and_where_they_wanted_to_be(
    migrated_url: str, provider: FakeOidc
) -> None:
    async with console_on(migrated_url, oidc=oidc(provider)) as console:
        ana = console.browser()
        entered = await enter(ana, next="/console/people?q=eve")
        account = await ana.see("/account")
        access = await ana.see("/access")
        again = console.browser()
        await enter(again)
        async with console.database.read() as connection:
            rows = (await connection.execute(select(console_outside_accounts))).all()

    assert (entered.status, entered.to) == (303, "/console/people")
    assert "oidc:248289761001 owner" in account.text
    assert "there is no password here" in account.text
    assert "by the configuration" in access.text
    assert len(rows) == 1


async def test_a_browser_leaves_by_a_page_and_tells_nothing_of_where_it_was(console: Console) -> None:
    ana = console.browser()

    page = await leave(ana, next="/console/people?q=eve")

    assert page.status == 200
    assert page.response.headers["referrer-policy"] == "same-origin"
    assert "form-action 'self'" in page.response.headers["content-security-policy"]
    assert "eve" not in page.response.headers["refresh"]
    assert "code_challenge_method=S256" in page.response.headers["refresh"]


async def test_the_highest_list_counts_and_addresses_only_where_they_are_verified(
    path: Path, provider: FakeOidc
) -> None:
    lists = {"viewers": ("group:staff",), "operators": ("group:bots",), "owners": ("email:ana@example.com",)}
    told: list[tuple[dict[str, Any], str]] = [
        ({"sub": "1", "email": "Ana@Example.com", "email_verified": True}, "owner"),
        ({"sub": "2", "email": "ana@example.com", "email_verified": False, "groups": ["staff"]}, "viewer"),
        ({"sub": "3", "email": "ana@example.com", "groups": ["x", "bots", "staff"]}, "operator"),
        ({"sub": "4", "groups": "staff"}, "viewer"),
    ]
    async with console_with(path, provider, **lists) as console:
        for person, role in told:
            provider.person = person
            surfer = console.browser()
            await enter(surfer)
            assert f"oidc:{person['sub']} {role}" in (await surfer.see("/account")).text
        provider.person = {"sub": "5", "email": "ana@example.com", "groups": [["staff"], {"a": 1}]}
        unknown = await enter(console.browser())
        async with console.database.read() as connection:
            kept = dict(
                (await connection.execute(select(console_outside_accounts.c["subject", "groups"]))).all()
            )
            audit = (await connection.execute(select(audit_log.c["action", "actor"]))).all()

    refused(unknown, "may not use this console")
    assert kept == {"1": [], "2": ["staff"], "3": ["bots", "staff"], "4": ["staff"]}
    assert ("sign_in.failed", "oidc:5") in [tuple(each) for each in audit]


async def test_what_the_id_token_leaves_out_is_asked_for(path: Path, provider: FakeOidc) -> None:
    provider.account = {"email": "ana@example.com", "email_verified": True, "groups": ["bots"]}
    async with console_with(path, provider, operators=("group:bots",), name_claim="email") as console:
        ana = console.browser()
        await enter(ana)
        account = await ana.see("/account")
        provider.account = {"sub": "somebody else", "groups": ["bots"]}
        other = await enter(console.browser())

    assert "oidc:ana@example.com operator" in account.text
    refused(other, FAILED)


async def test_nobody_gets_a_name_that_is_anothers(path: Path, provider: FakeOidc) -> None:
    async with console_with(path, provider, viewers=("group:all",), name_claim="nick") as console:
        await console.user("nelly", Role.OWNER)
        accounts = []
        for subject, nick in (("1", "nelly"), ("2", "nelly"), ("3", "x y\u202e<b>"), ("é" * 3, "z")):
            provider.person = {"sub": subject, "nick": nick, "groups": ["all"]}
            surfer = console.browser()
            page = await enter(surfer)
            accounts.append((await surfer.see("/account")).text if page.status == 303 else str(page.status))

    assert [each.partition(" viewer")[0].rpartition(" ")[2] for each in accounts[:3]] == [
        "oidc:nelly",
        "oidc:2",
        "oidc:3",
    ]
    assert accounts[3] == "403"


async def test_a_provider_that_takes_the_secret_in_a_header_gets_it_there_and_one_without_pkce_alone(
    migrated_sqlite: Path, tmp_path: Path, provider: FakeOidc
) -> None:
    provider.asks_in_body = False
    path = Path(sqlite_copy(migrated_sqlite, tmp_path).partition("///")[2])
    async with console_with(path, provider) as console:
        assert (await enter(console.browser())).status == 303

    async with FakeOidc({back("oidc")}, secret="") as public, console_with(path, public) as console:
        assert (await enter(console.browser())).status == 303


async def test_keys_that_rotate_are_found_and_made_up_ones_do_not_have_the_provider_asked(
    provider: FakeOidc,
) -> None:
    at = 0.0
    discovery = Discovery(provider.url, Transport(5.0), lambda: at)
    assert [each.kid for each in await discovery.keys("rsa-0")] == ["rsa-0"]
    provider.rotate()

    for _ in range(3):
        assert await discovery.keys("ec-2") == []
    assert provider.asked == ["discovery", "keys"]
    at = 31.0
    assert [each.kid for each in await discovery.keys("ec-2")] == ["ec-2"]
    assert await discovery.keys("rsa-0") == []
    at = 3_632.0
    await discovery.keys("ec-2")
    assert provider.asked == ["discovery", "keys", "keys", "discovery", "keys"]
    await provider.stop()
    at = 7_300.0
    assert (await discovery.endpoints()).token == f"{provider.url}/token"


async def test_tokens_by_elliptic_curves_and_without_a_key_id_are_verified(
    console: Console, provider: FakeOidc
) -> None:
    provider.rotate()
    assert (await enter(console.browser())).status == 303
    provider.names_key = False
    provider.listed = [_other_key(), provider.key]
    assert (await enter(console.browser())).status == 303
    provider.key = _other_key()
    refused(await enter(console.browser()), FAILED)


def _other_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "other"})


# Not in


CHANGES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "another issuer": lambda claims: claims | {"iss": "https://id.example.com"},
    "another audience": lambda claims: claims | {"aud": "another-client"},
    "several audiences and no azp": lambda claims: claims | {"aud": [CLIENT, "another"]},
    "another azp": lambda claims: claims | {"azp": "another"},
    "expired": lambda claims: claims | {"exp": int(time.time()) - 3_600},
    "never expires": lambda claims: {name: value for name, value in claims.items() if name != "exp"},
    "from the future": lambda claims: claims | {"iat": int(time.time()) + 3_600},
    "not yet": lambda claims: claims | {"nbf": int(time.time()) + 3_600},
    "another nonce": lambda claims: claims | {"nonce": "x"},
    "no nonce": lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
    "another access token": lambda claims: claims | {"at_hash": "x"},
    "nobody": lambda claims: claims | {"sub": ""},
    "somebody who is a list": lambda claims: claims | {"sub": ["248289761001"]},
}


async def test_an_id_token_that_is_not_for_this_sign_in_lets_nobody_in(
    console: Console, provider: FakeOidc, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (name, change) in enumerate(CHANGES.items()):
        provider.change = change
        surfer = console.browser(address=f"10.3.0.{number}")
        page = await enter(surfer)
        assert page.status == 403, name
        refused(page, FAILED)
        assert (await surfer.see("/")).status == 303, name


async def test_tokens_that_the_client_secret_signs_or_nobody_does_are_refused(
    console: Console, provider: FakeOidc
) -> None:
    provider.discovery = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
    provider.key, provider.algorithm = OctKey.import_key(SECRET, {"kid": "rsa-0"}), "HS256"

    refused(await enter(console.browser()), FAILED)

    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIyNDgyODk3NjEwMDEifQ."
    provider.id_token = lambda asked: unsigned  # type: ignore[method-assign]
    refused(await enter(console.browser()), FAILED)


async def test_a_few_seconds_between_two_clocks_keep_nobody_out(console: Console, provider: FakeOidc) -> None:
    provider.change = lambda claims: claims | {"iat": int(time.time()) + 30, "exp": int(time.time()) - 30}

    assert (await enter(console.browser())).status == 303


async def test_what_was_begun_in_another_browser_is_refused(console: Console, provider: FakeOidc) -> None:
    attacker, victim = console.browser(), console.browser()
    lured = await at_provider(await leave(attacker))
    await victim.see("/sign-in")

    refused(await victim.see(lured), OTHER)
    bare = console.browser()
    refused(await bare.see(lured), OTHER)
    assert (await attacker.see(lured)).status == 303
    assert "token" in provider.asked
    assert provider.asked.count("token") == 1


async def test_who_is_signed_in_stays_who_they_are_whatever_they_are_sent(console: Console) -> None:
    attacker, ana = console.browser(), await console.user("ana", Role.OWNER)
    lured = await at_provider(await leave(attacker))

    sent = await ana.see(lured)

    assert (sent.status, sent.to) == (303, "/console/")
    assert "ana owner" in (await ana.see("/account")).text


async def test_what_came_back_is_used_once(console: Console, provider: FakeOidc) -> None:
    ana = console.browser()
    page = await leave(ana)
    before = ana.cookie
    come_back = await at_provider(page)
    assert (await ana.see(come_back)).status == 303
    thief = console.browser()
    thief.client.cookies.set("aivax-console", before, domain="127.0.0.1")

    refused(await thief.see(come_back), OTHER)

    assert provider.asked.count("token") == 1
    async with console.database.read() as connection:
        assert len((await connection.execute(select(console_used_states))).all()) == 1


async def test_a_state_is_good_for_its_provider_and_its_time_and_unchanged(console: Console) -> None:
    now = datetime(2026, 9, 1, tzinfo=UTC)
    state = states.begin("c" * 43, "oidc", "/console/people?q=eve", now)
    head, _, code = state.text.partition(".")

    def read(text: str = state.text, key: str = "oidc", cookie: str = "c" * 43, **late: float) -> Any:
        return states.read(cookie, key, text, now + timedelta(**late), 600)

    assert read() == state
    assert state.wanted == "/console/people"
    assert len({state.nonce, state.verifier, code}) == 3
    assert read(key="slack") is read(cookie="d" * 43) is read(minutes=11) is read(minutes=-5) is None
    for other in ("", ".", head, f"{head}.", f"{head}x.{code}", f"{head}.{code[:-1]}", "é.ü", "x" * 5_000):
        assert read(other) is None


async def test_a_form_of_another_site_begins_no_sign_in(console: Console) -> None:
    ana = console.browser()
    await ana.see("/sign-in")

    forged = await ana.send("/sign-in/with/oidc", {"Origin": "https://evil.example"})

    assert forged.status == 403
    assert "refresh" not in forged.response.headers
    assert (await ana.send("/sign-in/with/nobody")).status == 404
    assert (await ana.see("/sign-in/with/nobody/back?code=x&state=y")).status == 404


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/console/\\evil", ""])
async def test_nobody_is_sent_to_another_place_afterwards(console: Console, wanted: str) -> None:
    assert (await enter(console.browser(), next=wanted)).to == "/console/"


async def test_providers_are_not_mixed_up(console: Console, provider: FakeOidc) -> None:
    provider.brings_issuer = "https://another.example"
    refused(await enter(console.browser()), FAILED)
    provider.brings_issuer = provider.url
    assert (await enter(console.browser())).status == 303


async def test_who_must_bring_the_providers_name_and_does_not_is_refused(
    path: Path, provider: FakeOidc
) -> None:
    provider.discovery = {"authorization_response_iss_parameter_supported": True}
    async with console_with(path, provider) as console:
        refused(await enter(console.browser()), FAILED)
    assert "token" not in provider.asked


async def test_who_cancels_there_reads_so_and_may_try_again(console: Console, provider: FakeOidc) -> None:
    ana = console.browser()
    provider.declines = True
    refused(await enter(ana), "was cancelled there")
    provider.declines = False
    assert (await enter(ana)).status == 303


async def test_trying_is_slowed_down_and_the_password_way_stays_open(
    console: Console, provider: FakeOidc
) -> None:
    await console.user("ben", Role.OWNER)
    provider.person = {"sub": "eve"}

    seen = [(await enter(console.browser())).status for _ in range(7)]

    assert seen == [403] * 5 + [429] * 2
    assert (await console.browser().sign_in("ben")).status == 303


@pytest.mark.parametrize(
    "told",
    [
        {"issuer": "https://another.example"},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"authorization_endpoint": "https://evil.example/a\r\nSet-Cookie: x=y"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": 7},
        {"token_endpoint": None},
    ],
)
async def test_a_provider_that_tells_nonsense_of_itself_is_not_gone_to(
    path: Path, provider: FakeOidc, told: dict[str, Any]
) -> None:
    provider.discovery = told
    async with console_with(path, provider) as console:
        page = await leave(console.browser())

    refused(page, FAILED)


async def test_a_provider_that_is_down_is_told_with_a_reference_and_a_password_lets_in(
    console: Console, provider: FakeOidc
) -> None:
    await console.user("ben", Role.OWNER)
    ana = console.browser()
    page = await leave(ana)
    come_back = await at_provider(page)
    await provider.stop()

    refused(await ana.see(come_back), "does not answer", 502)
    assert (await console.browser().sign_in("ben")).status == 303


# Out


async def test_who_is_taken_out_of_the_settings_is_out_and_another_role_holds_at_once(
    path: Path, provider: FakeOidc
) -> None:
    async with console_with(path, provider, owners=("sub:248289761001",)) as console:
        ana = console.browser()
        await enter(ana)
        cookie = ana.cookie

    async def seen(**lists: Any) -> Page:
        async with console_with(path, provider, **lists) as console:
            later = console.browser()
            later.client.cookies.set("aivax-console", cookie, domain="127.0.0.1")
            return await later.see("/account")

    assert "viewer" in (await seen(viewers=("sub:248289761001",))).text
    gone = await seen(viewers=("sub:eve",))
    back_again = await seen(owners=("sub:248289761001",))

    assert gone.status == back_again.status == 303  # the session was ended


async def test_a_session_from_elsewhere_ends_after_its_hours_however_much_it_is_used(
    path: Path, provider: FakeOidc
) -> None:
    late = timedelta()
    url = f"sqlite+aiosqlite:///{path}"
    async with console_on(
        url, now=lambda: utc_now() + late, oidc=oidc(provider), provider_session_hours=3.0
    ) as console:
        ana = console.browser()
        await enter(ana)
        late = timedelta(hours=2.9)
        assert (await ana.see("/account")).status == 200
        late = timedelta(hours=3.1)
        assert (await ana.see("/account")).status == 303
        async with console.database.read() as connection:
            ends = (await connection.execute(select(console_sessions.c.ends_at))).scalar_one()

    assert ends is not None


async def test_who_signs_out_is_signed_out_there_too_where_it_is_wanted(
    path: Path, provider: FakeOidc
) -> None:
    async with console_with(path, provider, ends_there=True) as console:
        ana = console.browser()
        await enter(ana)
        await ana.see("/account")
        out = await ana.send("/sign-out")
        assert (await ana.see("/account")).status == 303

    assert out.response.headers["refresh"] == (
        f"0; url={provider.url}/end?client_id={CLIENT}"
        "&post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A8780%2Fconsole%2Fsign-in"
    )


async def test_an_account_elsewhere_has_no_password_and_its_role_is_not_to_be_set(
    console: Console, provider: FakeOidc
) -> None:
    ana, ben = await console.user("ana", Role.OWNER), console.browser()
    await enter(ben)
    await ana.see("/access")
    users = await console.sign_in.accounts.users.all()
    number = next(each.id for each in users if each.outside)
    mine = next(each.id for each in users if not each.outside)

    for guess in ("", "nobody's", PASSWORD):
        assert (
            await console.browser(address=f"10.9.0.{len(guess)}").sign_in("oidc:248289761001", guess)
        ).status == 401
    await ana.send(f"/access/users/{number}/role", role="viewer")
    assert (await ben.see("/access")).status == 200
    kept = await ben.send(f"/access/users/{mine}/remove")  # the one owner whom no provider can keep out
    assert kept.status == 409
    await ben.see("/account")
    changed = await ben.send("/account/password", old="", password="x" * 20, again="x" * 20)
    assert changed.status in (401, 429)


async def test_no_first_link_is_printed_where_an_owner_may_come_from_elsewhere(
    path: Path, provider: FakeOidc
) -> None:
    async with console_with(path, provider) as console:
        assert await first_link(console.sign_in, ADDRESS) == ""
    async with console_with(path, provider, viewers=("sub:x",)) as console:
        assert await first_link(console.sign_in, ADDRESS)


# Platforms


async def test_operators_on_slack_sign_in_with_slack_and_nobody_else_does(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with FakeOidc({back("slack")}, is_slack=True) as slack:
        ids = {"https://slack.com/user_id": "U012AB3CD", "https://slack.com/team_id": "T012AB3CD"}
        slack.person = {"sub": "U012AB3CD", "name": "Ana", **ids}
        people = PlatformPeople(replace(SLACK, issuer=slack.url), ("U012AB3CD",))
        own = {"client_id": CLIENT, "client_secret": SECRET, "workspaces": ("T012AB3CD",)}
        async with console_on(
            sqlite_copy(migrated_sqlite, tmp_path), platforms={"slack": people}, slack=own
        ) as console:
            ana = console.browser()
            page = await leave(ana, "slack")
            assert "code_challenge" not in page.response.headers["refresh"]
            assert "nonce=" in page.response.headers["refresh"]
            assert (await ana.see(await at_provider(page))).status == 303
            account = await ana.see("/account")
            slack.person |= {"https://slack.com/user_id": "U0EVE", "sub": "U0EVE", "name": "Ana"}
            eve = await enter(console.browser(), "slack")
            slack.person |= {"https://slack.com/user_id": "U012AB3CD", "https://slack.com/team_id": "T0OTHER"}
            elsewhere = await enter(console.browser(), "slack")

    assert "slack:U012AB3CD operator" in account.text
    refused(eve, "may not use this console")
    refused(elsewhere, "may not use this console")


async def test_operators_on_discord_sign_in_with_discord_and_nobody_else_does(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with FakeDiscordSignIn({back("discord")}) as discord:
        way = replace(
            DISCORD,
            authorize_url=f"{discord.url}/oauth2/authorize",
            token_url=f"{discord.url}/api/oauth2/token",
            account_url=f"{discord.url}/api/v10/users/@me",
        )
        people = PlatformPeople(way, ("80351110224678912",))
        own = {"client_id": discord_client.CLIENT, "client_secret": discord_client.SECRET, "role": "viewer"}
        async with console_on(
            sqlite_copy(migrated_sqlite, tmp_path), platforms={"discord": people}, discord=own
        ) as console:
            ana = console.browser()
            entered = await enter(ana, "discord")
            account = await ana.see("/account")
            discord.person = {"id": "1", "username": "nelly"}
            eve = await enter(console.browser(), "discord")
            discord.issuer = "https://evil.example"
            mixed_up = await enter(console.browser(), "discord")

    assert entered.status == 303
    assert "discord:80351110224678912 viewer" in account.text
    refused(eve, "may not use this console")
    refused(mixed_up, FAILED)


# Between processes, and with services that behave badly


async def test_two_first_sign_ins_at_once_make_one_user_and_what_came_back_is_used_by_one(
    migrated_url: str,
) -> None:
    account = OutsideAccount("https://id.example.com", "7")
    async with Database(migrated_url) as one, Database(migrated_url) as other:
        stores = [OutsideStore(each, utc_now) for each in (one, other)]
        names = ["oidc:nelly", "oidc:7"]
        entered = await asyncio.gather(
            *(stores[each % 2].enter(account, names, Role.VIEWER, "10.0.0.1") for each in range(4))
        )
        late = utc_now() + timedelta(minutes=10)
        used = await asyncio.gather(*(stores[each % 2].use("d" * 64, late) for each in range(4)))
        again = await stores[0].enter(replace(account, email="n@example.com"), names, Role.OWNER, "10.0.0.1")

    assert len({each.id for each in entered}) == 1
    assert sorted(used) == [False, False, False, True]
    assert (again.id, again.role, again.name) == (entered[0].id, Role.OWNER, "oidc:nelly")
    assert again.outside is not None
    assert again.outside.email == "n@example.com"


class Bad(Served):
    """Answers what nobody should."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"/{name}", getattr(self, name)) for name in ("large", "away", "page", "listed", "slow")
        ]

    async def large(self, _request: web.Request) -> web.Response:
        return web.json_response({"x": "y" * 300_000})

    async def away(self, _request: web.Request) -> web.Response:
        raise web.HTTPFound(f"{self.url}/listed")

    async def page(self, _request: web.Request) -> web.Response:
        return web.Response(text="<html>", content_type="text/html")

    async def listed(self, _request: web.Request) -> web.Response:
        return web.Response(text="[" * 50_000, content_type="application/json")

    async def slow(self, _request: web.Request) -> web.Response:
        await asyncio.Event().wait()  # no deadline: the one who asks has one
        raise AssertionError


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("large", "more than"),
        ("away", "answers 302"),
        ("page", "without a JSON object"),
        ("listed", "without a JSON object"),
        ("slow", "did not answer in 0.2 s"),
    ],
)
async def test_an_answer_is_read_within_bounds_and_no_redirect_is_followed(path: str, told: str) -> None:
    async with Bad() as bad:
        with pytest.raises(ProviderFailed, match=told) as failed:
            await Transport(0.2 if path == "slow" else 30.0).get(f"{bad.url}/{path}")

    assert failed.value.is_down


@pytest.mark.parametrize(
    "address",
    [
        "http://id.example.com/x",
        "file:///etc/passwd",
        "https://",
        "https://a.example/\n",
        "https://a.example/'",
        "",
    ],
)
async def test_nothing_is_asked_of_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ProviderFailed):
        await Transport(0.1).get(address)


# Settings


def problems(environment: dict[str, str], text: str = "") -> str:
    """What the settings are refused for; `""`: nothing."""
    given = {f"AIVAX_BOTS__WEB__CONSOLE__{name}": value for name, value in environment.items()}
    try:
        settings = load(installed(), path=Path(os.devnull), environment=given)
        check_console(settings.web.console, "127.0.0.1")
    except (SettingsRefused, SettingRefused) as refused:
        return str(refused)
    return ""


GOOD = {
    "OIDC__ISSUER": "https://id.example.com/realms/team",
    "OIDC__CLIENT_ID": "console",
    "OIDC__CLIENT_SECRET": "s3cret-of-the-client",
    "OIDC__OWNERS": "email:ana@example.com",
}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"OIDC__ISSUER": "http://id.example.com"}, "[web.console.oidc] issuer"),
        ({"OIDC__ISSUER": "https://id.example.com/?x=1"}, "[web.console.oidc] issuer"),
        ({"OIDC__OWNERS": "ana@example.com"}, "[web.console.oidc] owners, entry 1"),
        ({"OIDC__OWNERS": ""}, "nobody could sign in"),
        ({"OIDC__CLIENT_ID": ""}, "[web.console.oidc] client_id"),
        ({"OIDC__SCOPES": "email"}, '"openid" must be among them'),
        ({"OIDC__ISUER": "x"}, "did you mean 'issuer'?"),
        ({"SLACK__CLIENT_ID": "1.2"}, "[web.console.slack] client_secret"),
        ({"SLACK__CLIENT_ID": "1", "SLACK__CLIENT_SECRET": "x", "SLACK__WORKSPACES": "1"}, "T012AB3CD"),
        ({"DISCORD__CLIENT_ID": "1", "DISCORD__CLIENT_SECRET": "x", "DISCORD__WORKSPACES": "1"}, "write []"),
        ({"SLACK__ROLE": "admin"}, "[web.console.slack] role"),
    ],
)
def test_a_setting_that_would_let_nobody_or_anybody_in_is_refused_by_name(
    wrong: dict[str, str], named: str
) -> None:
    assert problems(GOOD) == ""
    assert named in problems(GOOD | wrong)


def test_a_secret_is_in_no_complaint_and_no_repr(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[web.console.oidc]\nclient_secret = 1234567890123\n")
    with pytest.raises(SettingsRefused) as refused:
        load(installed(), path=file, environment={})
    settings = load(
        installed(),
        path=Path(os.devnull),
        environment={f"AIVAX_BOTS__WEB__CONSOLE__{name}": value for name, value in GOOD.items()},
    )

    assert "client_secret" in str(refused.value)
    assert "1234567890123" not in str(refused.value)
    assert "s3cret" not in repr(settings)
    assert "s3cret-of-the-client" in secrets_in(settings)
    assert "s3cret" not in repr(providers_of(settings.web.console, {}))


async def test_the_doctor_tells_whether_a_provider_answers_and_what_to_enter_there(
    provider: FakeOidc,
) -> None:
    settings = WebSettings(console=ConsoleSettings(enabled=True, oidc=oidc(provider)))
    check = SignInCheck(settings, None, {})

    (well,) = await check.run()
    await provider.stop()
    (ill,) = await check.run()

    assert well.state == "ok"
    assert back("oidc") in well.cause
    assert ill.state == "failed"
    assert "can't be reached" in ill.cause


async def test_the_doctor_names_a_platform_none_of_whose_people_may_sign_in() -> None:
    model = console_settings({"discord": PlatformPeople(DISCORD)})
    settings = WebSettings(console=model(enabled=True, discord={"client_id": "1", "client_secret": "x"}))

    found = await SignInCheck(settings, None, {"discord": discord_plugin}).run()

    assert [(each.check, each.state) for each in found] == [
        ("console.sign_in.discord", "ok"),
        ("console.sign_in.discord.people", "warning"),
    ]


# A reload


class Told:
    """Takes what operators would be told."""

    async def heal(self, *_: Any, **__: Any) -> None:
        return None


CONFIG = """
[operators]
slack_users = [{slack}]
[web]
body_bytes = 1000000
[web.console]
enabled = true
[web.console.oidc]
issuer = "{issuer}"
client_id = "{client}"
operators = ["email:ana@example.com"]
{lists}
[web.console.slack]
client_id = "{client}"
client_secret = "s3cret"
role = "{role}"
"""


async def test_people_and_roles_that_a_reload_changes_hold_at_once(
    path: Path, provider: FakeOidc, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config, subject = tmp_path / "config.toml", '"sub:248289761001"'

    def written(lists: str, slack: str = "", role: str = "operator") -> None:
        told = CONFIG.format(issuer=provider.url, client=CLIENT, lists=lists, slack=slack, role=role)
        config.write_text(told)

    def read() -> Settings:
        return load(installed(), path=config, environment={})

    written(f"owners = [{subject}]", slack='"U012AB3CD", "U0BEN"')
    live = LiveSettings(read())
    platforms = people_of(live.operators, {"slack": replace(installed()["slack"])})
    slack = {"client_id": CLIENT, "client_secret": SECRET}
    async with console_on(
        f"sqlite+aiosqlite:///{path}",
        oidc=oidc(provider),
        platforms=platforms,
        slack=slack,
        people=live.console,
    ) as console:
        reloader = Reloader(live, read, lambda _: None, cast("OperatorAlerts", Told()), console.judge_anew)
        nelly, ben = console.browser(), console.browser()
        await enter(nelly)
        account = OutsideAccount(SLACK.issuer, "U0BEN", "T012AB3CD")
        users = OutsideStore(console.database, utc_now)
        user = await users.enter(account, ["slack:U0BEN"], Role.OPERATOR, "10.0.0.1")
        token = await console.sign_in.begin(user, Browser("10.0.0.1", "", ""))
        ben.client.cookies.set("aivax-console", token, domain="127.0.0.1")
        assert (await nelly.see("/access")).status == 200
        assert "operator" in (await ben.see("/account")).text

        written(f"viewers = [{subject}]", slack='"U012AB3CD", "U0BEN"', role="viewer")
        assert await reloader.reload()
        looked = [await nelly.see(each) for each in ("/", "/access", "/try")]
        sent = await nelly.client.post(
            "/console/try/say",
            data={"form_token": (await nelly.see("/account")).form_token, "text": "hello"},
            headers={"Origin": ADDRESS},
        )
        bens = await ben.see("/account")
        written('viewers = ["sub:somebody-else"]', slack='"U012AB3CD"', role="viewer")
        assert await reloader.reload()
        open_now = await console.sign_in.accounts.sessions.all()
        again = await enter(console.browser())
        written(f"viewers = [{subject}]", slack='"U012AB3CD", "U0BEN"', role="viewer")
        assert await reloader.reload()
        back_again = await nelly.see("/account")

    assert [each.status for each in looked] == [200, 403, 200]
    assert "Operators ask questions here." in looked[-1].text
    assert sent.status_code == 403
    assert "viewer" in bens.text
    assert open_now == []
    refused(again, "may not use this console")
    assert back_again.status == 303
    log = capfd.readouterr().err
    assert (
        "[web.console.oidc] owners, [web.console.oidc] viewers" in log or "[web.console.oidc] viewers" in log
    )
    assert "[web.console] " not in log
    assert "[operators] slack_users" in log  # what else they may do holds until a restart


async def test_a_chat_that_is_open_ends_with_who_was_taken_out_and_has_no_buttons_for_who_only_looks(
    path: Path, provider: FakeOidc
) -> None:
    button = {"action": "good", "turn": "k1", "label": "Good answer", "value": ""}
    now = [oidc(provider)]

    def people() -> ConsoleSettings:
        return ConsoleSettings.model_validate({"oidc": now[-1]})

    async with console_on(f"sqlite+aiosqlite:///{path}", oidc=oidc(provider), people=people) as console:
        assert console.chat is not None
        assert console.judge_anew is not None
        nelly = console.browser()
        await enter(nelly)
        await console.chat.store.post(1, "n1", "An answer.", buttons=[button])
        async with (
            serve([], {"/console": console.app}, "127.0.0.1", 0) as port,
            following(port, nelly, "try?seen=old") as page,
        ):
            before = await page.event()
            now.append(oidc(provider, viewers=("sub:248289761001",)))
            await console.judge_anew()
            only_looks = await page.event()
            now.append(oidc(provider, viewers=("sub:eve",)))
            await console.judge_anew()
            ended = [await page.event(), await page.event()]

    assert "Good answer" in before[1]
    assert "An answer." in only_looks[1]
    assert "Good answer" not in only_looks[1]
    assert [each[0] for each in ended] == ["all", "end"]
    assert "An answer." not in ended[0][1]

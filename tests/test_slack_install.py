"""Many workspaces: each installs the app, is answered with its own token, and can leave without the others noticing."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import MetaData, select

from bots.frontends import installed as installed_plugins
from bots.redaction import secrets_in
from bots.setting_rules.reading import SettingsRefused
from bots.settings import load
from bots.slack.features.install import States
from bots.slack.features.manifest import scopes
from bots.slack.installations.sealing import Seal
from bots.slack.settings import SlackSettings
from core.domain import Footer, FrontendRefused, Left, Said, SettingRefused
from core.storage.db import Database
from core.storage.platforms.installations import Installations
from sandbox.server import serve as serve_sandbox
from tests.fakes import FakeLedger
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack, Workspace
from tests.slack_ways import KEYS, PUBLIC, Hosted, answering, hosted, oauth_settings, slack_clock
from tests.town import Town, running
from tests.waiting import ended, soon

TOKEN = re.compile(rb"xox[a-z][\w.-]*")


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def sqlite(migrated_sqlite: Path, tmp_path: Path) -> str:
    path = tmp_path / "bot.sqlite3"
    path.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
async def here(slack: FakeSlack, sqlite: str) -> AsyncIterator[Hosted]:
    async with hosted(slack, sqlite, oauth_settings(slack)) as opened:
        yield opened


@pytest.fixture
async def on_both(slack: FakeSlack, migrated_url: str) -> AsyncIterator[Hosted]:
    async with hosted(slack, migrated_url, oauth_settings(slack)) as opened:
        yield opened


def tokens_used(slack: FakeSlack, method: str) -> list[str | None]:
    return [call.workspace for call in slack.calls_of(method) if call.error is None]


async def say_in(slack: FakeSlack, workspace: Workspace, text: str = "hello") -> None:
    person = slack.person(f"someone of {workspace.name}", workspace=workspace)
    await slack.say(person, slack.dm(person), text)


async def answer_all(here: Hosted) -> None:
    for event in here.inbox.events:
        assert isinstance(event, Said)
        async with here.frontend.reply_to(event.address, FakeLedger()) as surface:
            await surface.write(f"answer to {event.text}")
            await surface.finish(Footer())


async def dump(database: Database) -> bytes:
    """Every value of every table, and, of a file, every byte."""

    def rows(connection: Any) -> list[Any]:
        known = MetaData()
        known.reflect(connection)
        return [list(connection.execute(select(table)).all()) for table in known.sorted_tables]

    async with database.read() as connection:
        values = repr(await connection.run_sync(rows)).encode()
    files = database.path.parent.glob(f"{database.path.name}*") if database.path else ()
    return values + b"".join(file.read_bytes() for file in files)


async def test_two_workspaces_install_the_app_and_each_is_answered_with_its_own_token(
    slack: FakeSlack, sqlite: str
) -> None:
    other = slack.add_workspace("T0000000002", "other")
    async with (
        serve_sandbox(plan="max") as sandbox,
        answering(slack, sqlite, sandbox, oauth_settings(slack)) as (here, core),
    ):
        pages = [await here.install(workspace) for workspace in (slack.workspace, other)]
        for workspace in (slack.workspace, other):
            await say_in(slack, workspace, f"hello from {workspace.name}")
        await here.all_taken()
        await soon("core.pool.drained()", core.pool.drained())

    assert [page.status_code for page in pages] == [200, 200]
    assert "O aplicativo está instalado." in pages[0].text
    assert sorted(tokens_used(slack, "chat.postMessage")) == ["T0000000001", "T0000000002"]  # type: ignore[type-var]
    for channel in slack.world.channels.values():
        answers = [message.text for message in slack.visible(channel) if message.is_bot]
        assert len(answers) == 1
        assert f"hello from {channel.workspace.name}" in answers[0]


async def test_no_token_stands_in_the_database_in_clear(on_both: Hosted) -> None:
    slack = on_both.slack
    slack.rules.token_rotation = True

    await on_both.install(slack.workspace)

    stored = await dump(on_both.database)
    issued = [*slack.world.tokens, *slack.world.refresh_tokens, slack.client_secret]
    assert slack.workspace.id.encode() in stored
    assert [secret for secret in issued if secret.encode() in stored] == []
    assert TOKEN.findall(stored) == []


async def test_an_uninstalled_workspace_is_forgotten_and_the_other_goes_on(on_both: Hosted) -> None:
    slack = on_both.slack
    other = slack.add_workspace("T0000000002", "other")
    for workspace in (slack.workspace, other):
        await on_both.install(workspace)

    slack.clock.advance(2)
    await slack.uninstall(slack.workspace)
    await on_both.all_taken()
    left = on_both.inbox.events.copy()
    on_both.inbox.events.clear()
    await say_in(slack, other)
    await on_both.all_taken()
    await answer_all(on_both)

    assert [(event.platform, event.workspace) for event in left if isinstance(event, Left)] == [
        ("slack", slack.workspace.id)
    ]
    assert slack.workspace.id.encode() not in await installed(on_both.database)
    assert other.id.encode() in await installed(on_both.database)
    assert tokens_used(slack, "chat.postMessage") == [other.id]


@pytest.mark.parametrize("events", [("app_uninstalled",), ("app_uninstalled", "tokens_revoked")])
async def test_either_event_is_enough_to_be_forgotten(here: Hosted, events: tuple[str, ...]) -> None:
    await here.install(here.slack.workspace)

    here.slack.clock.advance(2)
    await here.slack.uninstall(here.slack.workspace, events)
    await here.all_taken()

    assert await installed(here.database) == b"[]"
    assert len([event for event in here.inbox.events if isinstance(event, Left)]) == 1


async def test_a_removal_that_comes_late_does_not_undo_a_newer_installation(here: Hosted) -> None:
    slack = here.slack
    await here.install(slack.workspace)
    slack.clock.advance(2)
    await slack.uninstall(slack.workspace, ["app_uninstalled"])
    await here.all_taken()
    slack.clock.advance(60)
    await here.install(slack.workspace)

    slack.http_mode.repeat(slack.http_mode.deliveries[0])
    await here.all_taken()
    await say_in(slack, slack.workspace)
    await here.all_taken()

    assert slack.workspace.id.encode() in await installed(here.database)
    assert [event.text for event in here.inbox.events if isinstance(event, Said)] == ["hello"]


@pytest.mark.parametrize("error", ["token_revoked", "account_inactive", "invalid_auth"])
async def test_a_token_that_slack_refuses_ends_its_own_workspace_only(here: Hosted, error: str) -> None:
    slack = here.slack
    other = slack.add_workspace("T0000000002", "other")
    for workspace in (slack.workspace, other):
        await here.install(workspace)
        await say_in(slack, workspace)
    await here.all_taken()
    for token in [key for key, value in slack.world.tokens.items() if value.workspace is slack.workspace]:
        slack.end_token(token, error)

    with pytest.raises(BaseException) as caught:
        await answer_all(here)
    here.inbox.events.reverse()
    with pytest.raises(BaseException):  # noqa: B017
        await answer_all(here)

    assert type(caught.value).__name__ == "PlaceClosed"
    assert tokens_used(slack, "chat.postMessage") == [other.id]
    assert not here.listening.done()


async def installed(database: Database) -> bytes:
    def rows(connection: Any) -> list[Any]:
        known = MetaData()
        known.reflect(connection, only=["installations"])
        return list(connection.execute(select(known.tables["installations"])).all())

    async with database.read() as connection:
        return repr(await connection.run_sync(rows)).encode()


# the way of an installation


async def test_an_installation_asks_for_the_scopes_and_comes_back_to_the_public_address(here: Hosted) -> None:
    asked = await here.browser.get(f"{here.url}/slack/install")

    there = httpx.URL(asked.headers["location"])
    assert asked.status_code == 302
    assert (there.scheme, there.host, there.path) == ("https", "slack.com", "/oauth/v2/authorize")
    assert there.params["client_id"] == here.slack.client_id
    assert there.params["redirect_uri"] == f"{PUBLIC}/slack/oauth_redirect"
    assert set(there.params["scope"].split(",")) == set(scopes(SlackSettings()))
    assert all(part in asked.headers["set-cookie"] for part in ("HttpOnly", "Secure", "SameSite=lax"))


async def test_a_code_is_taken_from_the_browser_that_began_and_once_only(here: Hosted) -> None:
    slack = here.slack
    asked = await here.browser.get(f"{here.url}/slack/install")
    other = await here.browser.get(f"{here.url}/slack/install")
    back = slack.approve(asked.headers["location"])

    stranger = await here.come_back(back, other)
    bare = await here.browser.get(f"{here.url}/slack/oauth_redirect?code=1&state=")
    first = await here.come_back(back, asked)
    again = await here.come_back(back, asked)

    assert [answer.status_code for answer in (stranger, bare, first, again)] == [400, 400, 200, 400]
    assert len(slack.calls_of("oauth.v2.access")) == 1


async def test_a_state_is_over_after_ten_minutes(on_both: Hosted) -> None:
    asked = await on_both.browser.get(f"{on_both.url}/slack/install")
    back = on_both.slack.approve(asked.headers["location"])

    on_both.slack.clock.advance(601)

    assert (await on_both.come_back(back, asked)).status_code == 400
    assert on_both.slack.calls_of("oauth.v2.access") == []


async def test_who_asks_a_thousand_times_to_install_leaves_nothing_in_the_database(on_both: Hosted) -> None:
    before = await dump(on_both.database)

    asked = [await on_both.browser.get(f"{on_both.url}/slack/install") for _ in range(100)]
    looked = await on_both.browser.head(f"{on_both.url}/slack/install")

    assert {answer.status_code for answer in asked} == {302}
    assert len({answer.headers["location"] for answer in asked}) == 100
    assert (looked.status_code, "set-cookie" in looked.headers) == (200, False)
    assert await dump(on_both.database) == before


async def test_a_look_at_the_way_back_uses_no_code_up(here: Hosted) -> None:
    asked = await here.browser.get(f"{here.url}/slack/install")
    parts = urlsplit(here.slack.approve(asked.headers["location"]))
    cookie = asked.headers["set-cookie"].partition(";")[0]
    back = f"{here.url}{parts.path}?{parts.query}"

    looked = await here.browser.head(back, headers={"Cookie": cookie})
    done = await here.browser.get(back, headers={"Cookie": cookie})

    assert (looked.status_code, done.status_code) == (200, 200)
    assert len(here.slack.calls_of("oauth.v2.access")) == 1


@pytest.mark.parametrize(
    "forged", ["", "x", "é.x.y", "9999999999.nonce.{mac}", "{until}.{nonce}.", "a.b.c", "...."]
)
async def test_a_state_that_the_bot_did_not_sign_is_refused(here: Hosted, forged: str) -> None:
    asked = await here.browser.get(f"{here.url}/slack/install")
    until, nonce, mac = httpx.URL(asked.headers["location"]).params["state"].split(".")
    state = forged.format(until=until, nonce=nonce, mac=mac)

    answer = await here.browser.get(
        f"{here.url}/slack/oauth_redirect",
        params={"state": state, "code": "1"},
        headers=[(b"Cookie", f"aivax-bots-slack-state={state}".encode())],
    )

    assert answer.status_code == 400
    assert here.slack.calls_of("oauth.v2.access") == []


@given(st.text())
def test_no_text_is_a_state_by_chance(text: str) -> None:
    states = States(SecretStr("secret"), lambda: datetime(2026, 11, 1, tzinfo=UTC))

    assert not states.consume(text)
    assert states.consume(states.issue())


async def test_a_state_is_taken_back_by_another_process(slack: FakeSlack, sqlite: str) -> None:
    async with (
        hosted(slack, sqlite, oauth_settings(slack)) as one,
        hosted(slack, sqlite, oauth_settings(slack)) as other,
    ):
        asked = await one.browser.get(f"{one.url}/slack/install")
        page = await other.come_back(slack.approve(asked.headers["location"]), asked)

    assert page.status_code == 200


@pytest.mark.parametrize("trouble", ["denied", "bad code", "slack is down", "no bot", "whole organisation"])
async def test_an_installation_that_fails_says_so_and_stores_nothing(
    slack: FakeSlack, sqlite: str, trouble: str
) -> None:
    async with hosted(slack, sqlite, oauth_settings(slack)) as here:
        asked = await here.browser.get(f"{here.url}/slack/install")
        back = slack.approve(asked.headers["location"])
        if trouble == "denied":
            back = re.sub(r"code=[^&]*", "error=access_denied", back)
        elif trouble == "bad code":
            back = re.sub(r"code=[^&]*", "code=<script>", back)
        elif trouble == "slack is down":
            slack.break_http("oauth.v2.access", times=None)
        elif trouble == "no bot":
            slack.fail("auth.test", "invalid_auth")
        else:
            slack.rules.whole_organisation = True
        page = await here.come_back(back, asked)

        assert 400 <= page.status_code < 500 or page.status_code in (502, 503)
        assert "O aplicativo não foi instalado." in page.text
        assert "script" not in page.text
        assert await installed(here.database) == b"[]"


async def test_installing_again_replaces_the_token(on_both: Hosted) -> None:
    await on_both.install(on_both.slack.workspace)
    before = await installed(on_both.database)

    await on_both.install(on_both.slack.workspace)

    after = await installed(on_both.database)
    assert before != after
    assert after.count(on_both.slack.workspace.id.encode()) == 1


async def test_workspaces_install_the_app_over_socket_mode_too(slack: FakeSlack, sqlite: str) -> None:
    settings = oauth_settings(slack, mode="socket", app_token=slack.app_token, signing_secret="")
    async with hosted(slack, sqlite, settings) as here:
        await here.install(slack.workspace)
        await say_in(slack, slack.workspace)
        await here.inbox.first()
        await answer_all(here)
        unserved = await here.browser.post(f"{here.url}/slack/events", content=b"{}")

    assert tokens_used(slack, "chat.postMessage") == [slack.workspace.id]
    assert unserved.status_code == 404


# what must be set


@pytest.mark.parametrize(
    ("missing", "setting"),
    [
        ({"client_secret": ""}, "[slack] client_secret"),
        ({"public_url": ""}, "[slack] public_url"),
        ({"encryption_keys": ()}, "[slack] encryption_keys"),
        ({"signing_secret": ""}, "[slack] signing_secret"),
        ({"bot_token": "xoxb-1"}, "[slack] bot_token"),
    ],
)
async def test_half_a_set_up_is_refused_by_the_setting_that_is_missing(
    slack: FakeSlack, sqlite: str, missing: dict[str, Any], setting: str
) -> None:
    with pytest.raises(FrontendRefused) as caught:
        async with hosted(slack, sqlite, oauth_settings(slack, **missing)):
            pass

    assert caught.value.setting == setting


async def test_an_operators_channel_names_its_workspace(here: Hosted) -> None:
    with pytest.raises(SettingRefused, match="slack:T0123456/C0123456"):
        here.frontend.address_of("C1")

    assert '"team":"T1"' in here.frontend.address_of("T1/C1")


async def test_bolt_s_variables_in_the_environment_change_nothing(
    slack: FakeSlack, sqlite: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("CLIENT_ID", "CLIENT_SECRET", "SIGNING_SECRET", "BOT_TOKEN", "SCOPES", "REDIRECT_URI"):
        monkeypatch.setenv(f"SLACK_{name}", "from-the-environment")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    async with hosted(slack, sqlite, oauth_settings(slack)) as here:
        asked = await here.browser.get(f"{here.url}/slack/install")
        await here.install(slack.workspace)
        await say_in(slack, slack.workspace)
        await here.all_taken()
        await answer_all(here)

    assert "from-the-environment" not in asked.headers["location"]
    assert tokens_used(slack, "chat.postMessage") == [slack.workspace.id]
    assert not (tmp_path / "home").exists()


# keys


async def test_keys_are_changed_one_after_the_other(slack: FakeSlack, sqlite: str) -> None:
    async with hosted(slack, sqlite, oauth_settings(slack)) as here:
        await here.install(slack.workspace)
        old = await installed(here.database)

    async with hosted(slack, sqlite, oauth_settings(slack, encryption_keys=(KEYS[1], KEYS[0]))) as here:
        changed = await installed(here.database)

    async with hosted(slack, sqlite, oauth_settings(slack, encryption_keys=KEYS[1:])) as here:
        await say_in(slack, slack.workspace)
        await here.all_taken()
        await answer_all(here)

    assert old != changed
    assert tokens_used(slack, "chat.postMessage") == [slack.workspace.id]


async def test_tokens_that_no_key_opens_are_told_by_the_setting(slack: FakeSlack, sqlite: str) -> None:
    async with hosted(slack, sqlite, oauth_settings(slack)) as here:
        await here.install(slack.workspace)

    with pytest.raises(FrontendRefused) as caught:
        async with hosted(slack, sqlite, oauth_settings(slack, encryption_keys=KEYS[1:])):
            pass

    assert caught.value.setting == "[slack] encryption_keys"


# rotation


async def test_many_who_ask_at_once_make_one_refresh_over_all_processes(
    slack: FakeSlack, migrated_url: str
) -> None:
    slack.rules.token_rotation = True
    settings = oauth_settings(slack)
    async with hosted(slack, migrated_url, settings) as here:
        await here.install(slack.workspace)
        slack.clock.advance(slack.rules.token_life_s - 60)  # it still counts, but not for long
        places = [here.frontend, here.frontend]
        addresses = [here.frontend.address_of(f"{slack.workspace.id}/C{number}") for number in range(10)]

        await asyncio.gather(*(place.sign(address) for place in places for address in addresses))

    assert len(slack.calls_of("oauth.v2.access")) == 2  # the installation, and one refresh
    assert {call.error for call in slack.calls_of("reactions.add")} == {"channel_not_found"}


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_two_processes_refresh_once(slack: FakeSlack, migrated_url: str) -> None:
    slack.rules.token_rotation = True
    settings = oauth_settings(slack)
    async with hosted(slack, migrated_url, settings) as one, hosted(slack, migrated_url, settings) as two:
        await one.install(slack.workspace)
        slack.clock.advance(slack.rules.token_life_s + 60)
        address = one.frontend.address_of(f"{slack.workspace.id}/C1")

        await asyncio.gather(*(each.frontend.sign(address) for each in (one, two) for _ in range(5)))

    assert len(slack.calls_of("oauth.v2.access")) == 2
    assert {call.error for call in slack.calls_of("reactions.add")} == {"channel_not_found"}


async def test_a_token_that_slack_calls_expired_is_refreshed_and_the_call_made_again(here: Hosted) -> None:
    slack = here.slack
    slack.rules.token_rotation = True
    await here.install(slack.workspace)
    await say_in(slack, slack.workspace)
    await here.all_taken()
    for token in [key for key, value in slack.world.tokens.items() if value.expires_at]:
        slack.end_token(token, "token_expired")

    await answer_all(here)

    assert tokens_used(slack, "chat.postMessage") == [slack.workspace.id]
    assert len(slack.calls_of("oauth.v2.access")) == 2


async def test_a_refresh_whose_answer_was_lost_is_asked_for_again(slack: FakeSlack, sqlite: str) -> None:
    slack.rules.token_rotation, slack.rules.refresh_grace_s = True, 60.0
    async with hosted(slack, sqlite, oauth_settings(slack)) as here:
        await here.install(slack.workspace)
        slack.clock.advance(slack.rules.token_life_s - 60)
        slack.lose_response("oauth.v2.access")

        await here.frontend.sign(here.frontend.address_of(f"{slack.workspace.id}/C1"))

    assert len(slack.calls_of("oauth.v2.access")) == 3
    assert slack.calls_of("reactions.add")[-1].error == "channel_not_found"


async def test_a_refresh_is_stored_even_if_whoever_waited_for_it_is_gone(
    slack: FakeSlack, sqlite: str
) -> None:
    slack.rules.token_rotation = True
    async with hosted(slack, sqlite, oauth_settings(slack)) as here:
        await here.install(slack.workspace)
        before = await installed(here.database)
        slack.clock.advance(slack.rules.token_life_s - 60)
        held = slack.hang("oauth.v2.access", after_work=True)
        asking = asyncio.create_task(here.frontend.sign(here.frontend.address_of(f"{slack.workspace.id}/C1")))
        await soon("the refresh", held.reached.wait())
        asking.cancel()
        await ended(asking)
        held.release()

    async with Database(sqlite) as database:
        assert await installed(database) != before
        known = await Installations(
            database, "slack", Seal(oauth_settings(slack).encryption_keys), slack_clock(slack)
        ).find(slack.workspace.id)
    assert known is not None
    assert slack.world.tokens[known.tokens.token].error is None


async def test_a_refresh_token_that_slack_refuses_leaves_the_old_token_for_as_long_as_it_counts(
    slack: FakeSlack, sqlite: str
) -> None:
    slack.rules.token_rotation = True
    async with hosted(slack, sqlite, oauth_settings(slack)) as here:
        await here.install(slack.workspace)
        slack.clock.advance(slack.rules.token_life_s - 60)
        slack.world.refresh_tokens.clear()
        address = here.frontend.address_of(f"{slack.workspace.id}/C1")

        await here.frontend.sign(address)
        await here.frontend.sign(address)

    assert len(slack.calls_of("oauth.v2.access")) == 2  # not at each call
    assert [call.error for call in slack.calls_of("reactions.add")] == ["channel_not_found"] * 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"encryption_keys": ["short"]}, "[slack] encryption_keys, entry 1: each key is 32 random bytes"),
        ({"encryption_keys": KEYS[0]}, "[slack] encryption_keys: write it as a list"),
        (
            {"public_url": "http://bot.example"},
            "[slack] public_url = 'http://bot.example': write the address",
        ),
        ({"body_limit_bytes": 1}, "[slack] body_limit_bytes = '1': write 10000 or more"),
        ({"mode": "smoke"}, "[slack] mode = 'smoke': write 'socket' or 'http'"),
    ],
)
def test_a_setting_that_can_t_be_used_is_told_with_what_mends_it(
    tmp_path: Path, given: dict[str, Any], told: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[slack]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in given.items()))

    with pytest.raises(SettingsRefused) as caught:
        load(installed_plugins(), path=path, environment={})

    assert told in str(caught.value)
    assert "short" not in str(caught.value)


def test_keys_from_the_environment_are_a_list_and_kept_out_of_the_log() -> None:
    environment = {"AIVAX_BOTS__SLACK__ENCRYPTION_KEYS": ",".join(KEYS)}

    settings = load(installed_plugins(), path=None, environment=environment)

    assert secrets_in(settings) != []
    assert set(KEYS) <= set(secrets_in(settings))
    assert KEYS[0] not in repr(settings)


async def test_a_process_that_only_answers_finds_each_workspace_s_token_for_words_and_files(
    slack: FakeSlack, sqlite: str
) -> None:
    other = slack.add_workspace("T0000000002", "other")
    settings = oauth_settings(slack)
    async with hosted(slack, sqlite, settings) as here:
        for workspace in (slack.workspace, other):
            await here.install(workspace)
            person = slack.person(workspace.name, workspace=workspace)
            file = slack.file(f"{workspace.name}.txt", workspace.name.encode(), workspace=workspace)
            await slack.say(person, slack.dm(person), "look", files=[file])
        await here.all_taken()
        events = [event for event in here.inbox.events if isinstance(event, Said)]

    async with hosted(slack, sqlite, settings) as worker:
        await worker.stop_listening()
        blobs = [await worker.frontend.fetch(event.attachments[0].ref, 1_000) for event in events]
        worker.inbox.events[:] = events
        await answer_all(worker)

    assert [blob.data for blob in blobs] == [b"acme", b"other"]
    assert sorted(map(str, tokens_used(slack, "chat.postMessage"))) == ["T0000000001", "T0000000002"]


async def test_no_secret_of_an_installation_is_logged_by_the_running_program(
    slack: FakeSlack, sqlite: str, tmp_path: Path, unused_tcp_port: int
) -> None:
    slack.rules.token_rotation = True
    async with FakeDiscord() as discord, serve_sandbox(plan="max") as sandbox:
        town = Town(slack, discord, sandbox, sqlite)
        lines = (
            '[slack]\nmode = "http"',
            f'signing_secret = "{slack.http_mode.signing_secret}"',
            f'client_id = "{slack.client_id}"',
            f'client_secret = "{slack.client_secret}"',
            f'public_url = "{PUBLIC}"',
            f'encryption_keys = ["{KEYS[0]}"]',
        )
        config = town.config(discord_token="", slack_bot="", slack_app="").replace(
            "[slack]", "\n".join(lines)
        )
        config += f'\n[web]\nport = {unused_tcp_port}\n\n[log]\nlevel = "debug"\n'
        async with running(tmp_path, config) as bot, httpx.AsyncClient() as browser:
            assert await bot.line() == "ready: slack\n"
            url = f"http://127.0.0.1:{unused_tcp_port}"
            slack.http_mode.request_url = f"{url}/slack/events"
            asked = await browser.get(f"{url}/slack/install")
            back = urlsplit(slack.approve(asked.headers["location"]))
            cookie = {"Cookie": asked.headers["set-cookie"].partition(";")[0]}
            page = await browser.get(f"{url}{back.path}?{back.query}", headers=cookie)
            assert page.status_code == 200

            assert "privately" in await town.ask_on_slack("privately")
            await bot.stop()

    secrets = [
        *slack.world.tokens,
        *slack.world.refresh_tokens,
        slack.client_secret,
        KEYS[0],
        *back.query.split("&"),
    ]
    assert [secret for secret in secrets if any(secret in line for line in bot.log)] == []
    assert any("slack.installed" in line for line in bot.log)

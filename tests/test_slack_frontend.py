"""Slack's frontend against a Slack on loopback, with slack_bolt and slack_sdk as they are."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from bots.slack.features.greetings import BackgroundTasks
from bots.slack.frontend import SlackFrontend, open_slack
from bots.slack.listening.socket_mode import Socket
from bots.slack.settings import SlackSettings
from bots.slack.transport.api import OneAccount, SlackApi
from bots.slack.transport.app_api import open_api, without_secrets
from bots.supervisor import Board, supervise
from core.domain import (
    BotError,
    Capability,
    Commanded,
    DatabaseUnreachable,
    Event,
    Footer,
    FrontendRefused,
    FrontendUnreachable,
    PassedOver,
    Place,
    PlatformBusy,
    PlatformError,
    Receipt,
    Said,
    Translator,
)
from tests.fakes import FakeLedger
from tests.listening import TRANSLATORS, Missed
from tests.platforms.slack import Channel, FakeSlack, Person
from tests.waiting import ended

QUICK: dict[str, Any] = {"ping_interval_s": 0.2, "reconnect_after_s": 1.0}


@dataclass
class Inbox(Missed):
    """An intake that writes down what comes, and can be made to refuse."""

    slack: FakeSlack
    events: list[Event] = field(default_factory=list)
    passed: Counter[PassedOver] = field(default_factory=Counter)
    refusing: str | None = None
    asked_for: list[Said] = field(default_factory=list)
    full: bool = False
    refused: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    async def receive(self, event: Event) -> Receipt:
        self.slack.world.changed()
        if self.full:
            self.refused += 1
            raise DatabaseUnreachable("sqlite:///bot.sqlite3", "it is away")
        seen = any(set(event.keys) & set(each.keys) for each in self.events)
        if not seen:
            self.events.append(event)
        return Receipt.DUPLICATE if seen else Receipt.ACCEPTED

    def translator(self, locale: str, _place: Place) -> Translator:
        return TRANSLATORS.of(locale)

    async def refusal(self, said: Said) -> str | None:
        self.asked_for.append(said)
        return self.refusing

    def passed_over(self, _platform: str, reason: PassedOver) -> None:
        self.passed[reason] += 1

    def capabilities(self) -> Sequence[Capability]:
        return ()

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.events if isinstance(each, Said)]


@dataclass
class Light:
    """Tells whether the frontend is up, and what went wrong."""

    slack: FakeSlack
    is_up: bool = False
    causes: list[BotError] = field(default_factory=list)

    def up(self) -> None:
        self.is_up = True
        self.slack.world.changed()

    def down(self, cause: BotError) -> None:
        self.is_up = False
        self.causes.append(cause)
        self.slack.world.changed()


@dataclass
class Listening:
    slack: FakeSlack
    bot: SlackFrontend
    inbox: Inbox
    light: Light
    task: asyncio.Task[None]
    ann: Person
    general: Channel

    async def heard(self, count: int = 1) -> None:
        await self.slack.until(lambda: len(self.inbox.events) >= count)
        await self.all_acked()

    async def all_acked(self) -> None:
        await self.slack.until(lambda: not self.slack.unacked)


def settings(slack: FakeSlack, **more: Any) -> SlackSettings:
    given = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url}
    return SlackSettings(**{**given, **QUICK, **more})


@asynccontextmanager
async def listening(slack: FakeSlack, **more: Any) -> AsyncIterator[Listening]:
    async with open_slack(settings(slack, **more)) as bot:
        inbox, light = Inbox(slack), Light(slack)
        ann = slack.person("ann", locale="pt-BR", tz="America/Recife")
        general = slack.channel("general", [ann])
        task = asyncio.create_task(bot.listen(inbox, light))
        try:
            await slack.until(lambda: light.is_up)
            yield Listening(slack, bot, inbox, light, task, ann, general)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, PlatformError):
                await task


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


# what comes in


@pytest.mark.parametrize("mention_first", [True, False])
async def test_a_mention_comes_in_once_with_its_author_s_name_and_language(
    slack: FakeSlack, mention_first: bool
) -> None:
    async with listening(slack) as here:
        await slack.say(here.ann, here.general, "<@BOT> hi & <hello>", mention_first=mention_first)
        await here.heard()

    (said,) = here.inbox.events
    assert isinstance(said, Said)
    assert (said.text, said.author.name, said.author.locale) == ("hi & <hello>", "ann", "pt-BR")
    assert said.author.time_zone == "America/Recife"


async def test_a_direct_message_and_its_streamed_answer(slack: FakeSlack) -> None:
    async with listening(slack) as here:
        dm = slack.dm(here.ann)
        ts = await slack.say(here.ann, dm, "hello")
        await here.heard()
        async with here.bot.reply_to(here.inbox.events[0].address, FakeLedger()) as surface:
            await surface.write("Hello, Ann")
            await surface.finish(Footer())
        await here.all_acked()

    _, answer = slack.visible(dm, ts)
    assert (answer.text, answer.stream, answer.thread_ts) == ("Hello, Ann", None, ts)
    assert here.inbox.texts == ["hello"]


async def test_the_answer_needs_no_process_that_listens(slack: FakeSlack) -> None:
    async with listening(slack) as here:
        ts = await slack.say(here.ann, here.general, "<@BOT> hi")
        await here.heard()
    async with (
        open_slack(settings(slack)) as bot,
        bot.reply_to(here.inbox.events[0].address, FakeLedger()) as surface,
    ):
        await surface.write("Hello")
        await surface.finish(Footer())

    assert [each.text for each in slack.visible(here.general, ts)] == ["@aivax hi", "Hello"]


async def test_an_event_is_acknowledged_only_when_it_is_stored(slack: FakeSlack) -> None:
    async with listening(slack) as here:
        here.inbox.full = True
        await slack.say(here.ann, slack.dm(here.ann), "hello")
        await slack.until(lambda: here.inbox.refused)
        assert slack.unacked
        here.inbox.full = False
        await slack.redeliver()
        await here.heard()

    assert here.inbox.texts == ["hello"]


async def test_a_repeated_event_is_acknowledged_again(slack: FakeSlack) -> None:
    async with listening(slack) as here:
        await slack.say(here.ann, slack.dm(here.ann), "hello", twice=True)
        await here.heard()
        await slack.repeat(slack.deliveries[0])
        await here.all_acked()

    assert here.inbox.texts == ["hello"]


async def test_every_envelope_is_acknowledged(slack: FakeSlack) -> None:
    async with listening(slack) as here:
        dm = slack.dm(here.ann)
        ts = await slack.say(here.ann, here.general, "just talking")
        await slack.edit(here.ann, here.general, ts, "still talking")
        await slack.react(here.ann, here.general, ts, "wave")
        await slack.bot_says(here.general, "<@BOT> hi from a bot")
        await slack.open_home(here.ann)
        shortcut = await slack.shortcut(here.ann, here.general, ts, "ask")
        command = await slack.command(here.ann, here.general, "/aivax", "dance")
        await slack.delete(here.ann, here.general, ts)
        await slack.say(here.ann, dm, "and this one counts")
        await here.heard()
        await slack.until(lambda: shortcut.acked and command.acked)

    assert here.inbox.texts == ["and this one counts"]


async def test_reset_is_heard_in_every_form(slack: FakeSlack) -> None:
    async with listening(slack) as here:
        await slack.say(here.ann, slack.dm(here.ann), "Reset")
        await slack.say(here.ann, here.general, "<@BOT> reset")
        command = await slack.command(here.ann, here.general, "/aivax", "reset")
        await here.heard(3)
        await slack.until(lambda: command.acked)

    assert all(isinstance(each, Commanded) for each in here.inbox.events)


async def test_a_slow_directory_does_not_hold_an_event_up(slack: FakeSlack) -> None:
    async with listening(slack, names_timeout_s=0.05) as here:
        slack.hang("users.info")
        await slack.say(here.ann, slack.dm(here.ann), "hello")
        await here.heard()

    assert here.inbox.events[0].author.name == ""


async def test_without_the_scope_people_stay_nameless_and_are_not_asked_for(slack: FakeSlack) -> None:
    slack.workspace.scopes.discard("users:read")
    async with listening(slack) as here:
        for number in range(3):
            await slack.say(here.ann, slack.dm(here.ann), f"hello {number}")
            await here.heard(number + 1)

    assert len(slack.calls_of("users.info")) == 1


async def test_people_are_asked_for_once(slack: FakeSlack) -> None:
    async with listening(slack) as here:
        for number in range(3):
            await slack.say(here.ann, slack.dm(here.ann), f"hello {number}")
        await here.heard(3)

    assert here.inbox.texts == ["hello 0", "hello 1", "hello 2"]
    assert len(slack.calls_of("users.info")) == 1


# what goes wrong on the way in


@pytest.mark.parametrize(
    ("given", "setting", "hint"),
    [
        ({"bot_token": ""}, "[slack] bot_token", "xoxb-"),
        ({"app_token": ""}, "[slack] app_token", "xapp-"),
        ({"bot_token": "xapp-1"}, "[slack] bot_token", "xoxb-"),
        ({"app_token": "xoxb-1"}, "[slack] app_token", "xapp-"),
        ({"bot_token": "xoxb-wrong"}, "[slack] bot_token", "xoxb-"),
        ({"app_token": "xapp-wrong"}, "[slack] app_token", "connections:write"),
    ],
)
async def test_a_missing_or_wrong_token_is_named(
    slack: FakeSlack, given: dict[str, str], setting: str, hint: str
) -> None:
    light = Light(slack)
    async with open_slack(settings(slack, **given)) as bot:
        with pytest.raises(FrontendRefused) as refused:
            await bot.listen(Inbox(slack), light)

    assert refused.value.setting == setting
    assert hint in refused.value.fix
    assert light.causes == [refused.value]
    assert not slack.sockets


async def test_a_host_that_is_no_slack_is_named(slack: FakeSlack) -> None:
    async with open_slack(settings(slack, api_url=slack.api_url.replace("/api/", "/elsewhere/"))) as bot:
        with pytest.raises(FrontendRefused) as refused:
            await bot.listen(Inbox(slack), Light(slack))

    assert refused.value.setting == "[slack] api_url"


async def test_an_unreachable_host_is_named(slack: FakeSlack, unused_tcp_port: int) -> None:
    async with open_slack(settings(slack, api_url=f"http://127.0.0.1:{unused_tcp_port}/api/")) as bot:
        with pytest.raises(FrontendUnreachable) as lost:
            await bot.listen(Inbox(slack), Light(slack))

    assert lost.value.setting == "[slack] api_url"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_a_slack_that_is_down_is_unreachable(slack: FakeSlack, status: int) -> None:
    slack.break_http("auth.test", status)
    async with open_slack(settings(slack)) as bot:
        with pytest.raises(FrontendUnreachable):
            await bot.listen(Inbox(slack), Light(slack))


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_a_start_while_slack_is_away_for_a_moment_comes_up_by_itself(
    slack: FakeSlack, method: str
) -> None:
    slack.break_http(method, 502, times=2)
    board = Board(["slack"])
    async with open_slack(settings(slack)) as bot:
        supervising = asyncio.create_task(
            supervise({"slack": bot}, Inbox(slack), board, sleep=lambda _: asyncio.sleep(0.01))
        )
        settled = asyncio.create_task(board.settled.wait())
        await asyncio.wait([settled, supervising], return_when=asyncio.FIRST_COMPLETED, timeout=20)
        supervising.cancel()
        await asyncio.gather(supervising, settled, return_exceptions=True)

    assert board.up == ["slack"]


async def test_a_refused_socket_ends_in_an_error_and_a_later_try_succeeds(slack: FakeSlack) -> None:
    slack.refuse_sockets = True
    light = Light(slack)
    async with open_slack(settings(slack)) as bot:
        with pytest.raises(FrontendUnreachable) as lost:
            await bot.listen(Inbox(slack), light)
        slack.refuse_sockets = False
        again = asyncio.create_task(bot.listen(Inbox(slack), light))
        await slack.until(lambda: light.is_up)
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)

    assert lost.value.setting == "[slack] api_url"
    assert not slack.sockets


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "too_many_websockets"])
async def test_a_change_of_sockets_is_routine(slack: FakeSlack, reason: str) -> None:
    async with listening(slack, reconnect_after_s=5) as here:
        await slack.disconnect(reason)
        await slack.until(lambda: slack.socket_mode.opened == 2)
        await slack.say(here.ann, slack.dm(here.ann), "still there?")
        await here.heard()

    assert here.inbox.texts == ["still there?"]
    assert not here.light.causes


async def test_a_cut_line_heals_by_itself_through_the_api(slack: FakeSlack) -> None:
    async with listening(slack, reconnect_after_s=10) as here:
        await slack.drop_sockets()
        await slack.until(lambda: slack.socket_mode.opened == 2)
        await slack.say(here.ann, slack.dm(here.ann), "back?")
        await here.heard()

    assert len(slack.calls_of("apps.connections.open")) == 2


async def test_a_silent_socket_is_replaced(slack: FakeSlack) -> None:
    async with listening(slack, reconnect_after_s=10) as here:
        slack.silence_sockets()
        await slack.until(lambda: slack.socket_mode.opened >= 2)
        await slack.say(here.ann, slack.dm(here.ann), "hello")
        await here.heard()

    assert here.inbox.texts == ["hello"]


async def test_a_socket_that_never_greets_is_none(slack: FakeSlack) -> None:
    slack.rules.silent_sockets = True
    light = Light(slack)
    async with open_slack(settings(slack)) as bot:
        with pytest.raises(FrontendUnreachable):
            await bot.listen(Inbox(slack), light)

    assert not light.is_up


async def test_a_loss_that_lasts_is_told_and_raised(slack: FakeSlack) -> None:
    async with listening(slack) as here:
        slack.refuse_sockets = True
        await slack.drop_sockets()
        await ended(here.task)

    error = here.task.exception()
    assert isinstance(error, FrontendUnreachable)
    assert not here.light.is_up
    assert here.light.causes


async def test_cancelling_leaves_nothing_behind(slack: FakeSlack) -> None:
    before = asyncio.all_tasks()
    async with listening(slack) as here:
        slack.hang("users.info")
        await slack.say(here.ann, slack.dm(here.ann), "hello")
        await slack.until(lambda: slack.calls_of("users.info"))
    await slack.until(lambda: not slack.sockets)
    slack.heal()

    ours = {
        each for each in asyncio.all_tasks() - before if "slack_sdk" in repr(each) or "bots" in repr(each)
    }
    assert not ours


async def test_the_environment_decides_nothing(slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_VERIFICATION_TOKEN"):
        monkeypatch.setenv(name, "xoxb-from-the-environment")
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_SCOPES"):
        monkeypatch.setenv(name, "1.1")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with listening(slack) as here:
        await slack.say(here.ann, here.general, "<@BOT> hi")
        await here.heard()
        await slack.disconnect()
        await slack.until(lambda: slack.socket_mode.opened == 2)

    assert here.inbox.texts == ["hi"]


async def test_no_secret_reaches_a_log(slack: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    slack.refuse_sockets = True
    async with open_slack(settings(slack)) as bot:
        with pytest.raises(FrontendUnreachable):
            await bot.listen(Inbox(slack), Light(slack))

    logged = caplog.text
    assert "Failed to connect" in logged
    assert slack.bot_token not in logged
    assert slack.app_token not in logged
    assert "ticket0" not in logged


async def test_a_socket_whose_closing_is_cancelled_leaves_nothing_open(
    slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_api(settings(slack)) as api:
        socket = Socket(api, "ws://127.0.0.1:1")
        at_goodbye = asyncio.Event()

        async def stall() -> None:
            at_goodbye.set()
            await asyncio.Event().wait()  # no deadline: it is cancelled

        monkeypatch.setattr(socket, "disconnect", stall)
        closing = asyncio.create_task(socket.aclose())
        async with asyncio.timeout(20):
            await at_goodbye.wait()
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing

        assert socket.message_processor.done()
        assert socket.aiohttp_client_session.closed


async def test_a_background_task_that_is_cancelled_before_it_begins_closes_its_work() -> None:
    work = asyncio.sleep(3_600)
    tasks = BackgroundTasks()

    tasks.run("greeting", work)
    await tasks.aclose()

    assert inspect.getcoroutinestate(work) == inspect.CORO_CLOSED


def test_secrets_are_blotted_out() -> None:
    text = "xoxb-1-a xapp-1-b xoxe.xoxb-1-c wss://x.slack.com/link/?ticket=abc-1&app_id=A"

    assert (
        without_secrets(text) == "[secret] [secret] [secret] wss://x.slack.com/link/?ticket=[secret]&app_id=A"
    )
    assert "xoxb-1" not in repr(SlackSettings(bot_token="xoxb-1"))


def test_the_settings_load_without_the_sdk() -> None:
    code = (
        "import sys, bots.slack.settings; assert not {'slack_sdk', 'slack_bolt', 'aiohttp'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, False),
        ({"bot_token": "xoxb-1"}, True),
        ({"app_token": "xapp-1"}, True),
        ({"bot_token": "xoxb-1", "app_token": "xapp-1", "enabled": False}, False),
        ({"signing_secret": "s"}, False),
    ],
)
def test_tokens_say_that_slack_is_wanted(given: dict[str, Any], wanted: bool) -> None:
    assert SlackSettings(**given).wanted is wanted


@asynccontextmanager
async def page(body: str, content_type: str) -> AsyncIterator[str]:
    """A server that answers everything with one page."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type=content_type)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<html>captive portal</html>", "text/html"),
        ("busy", "text/plain"),
        ("{", "application/json"),
        ("[1]", "application/json"),
        ("null", "application/json"),
        ('{"ok": false, "error": 7}', "application/json"),
    ],
)
async def test_a_page_that_is_no_answer_is_one_of_our_errors(body: str, content_type: str) -> None:
    async with (
        page(body, content_type) as url,
        open_api(SlackSettings(bot_token="xoxb-1", app_token="xapp-1", api_url=url)) as app,
    ):
        api = SlackApi(app, OneAccount(app.settings.bot_token))
        with pytest.raises(PlatformError):
            await api.write("chat.postMessage", channel="C1", text="x")


async def test_a_call_that_takes_too_long_is_ended(slack: FakeSlack) -> None:
    slack.hang("auth.test")
    async with open_api(settings(slack, request_timeout_s=0.1)) as app:
        api = SlackApi(app, OneAccount(app.settings.bot_token))
        began = time.monotonic()
        with pytest.raises(PlatformBusy):
            await api.who_am_i()
    slack.heal()

    assert time.monotonic() - began < 5


# what stands around a question


async def test_the_thread_before_a_question_is_read(slack: FakeSlack) -> None:
    async with listening(slack) as here:
        bo = slack.person("bo")
        here.general.members.add(bo.id)
        root = await slack.say(bo, here.general, "plans & <ideas>?")
        picture = slack.file("plan.png", b"x", "image/png")
        await slack.say(here.ann, here.general, "see this", thread_ts=root, files=[picture])
        await slack.say(here.ann, here.general, "<@BOT> sum up", thread_ts=root)
        await here.heard()
        async with here.bot.reply_to(here.inbox.events[0].address, FakeLedger()) as surface:
            await surface.write("All said")
            await surface.finish(Footer())
        await slack.say(bo, here.general, "<@BOT> and now?", thread_ts=root)
        await here.heard(2)
        await slack.say(here.ann, here.general, "too late", thread_ts=root)
        quotes = await here.bot.surroundings(here.inbox.events[1].address, 3)
        everything = await here.bot.surroundings(here.inbox.events[1].address, 50)

    assert [(each.author_name, each.text) for each in everything] == [
        ("bo", "plans & <ideas>?"),
        ("ann", "see this"),
        ("ann", "sum up"),
        ("aivax", "All said"),
    ]
    assert everything[1].attachment_names == ("plan.png",)
    assert list(quotes) == list(everything)[1:]


async def test_around_a_first_message_or_a_direct_one_there_is_nothing(slack: FakeSlack) -> None:
    async with listening(slack) as here:
        await slack.say(here.ann, here.general, "<@BOT> hi")
        await slack.say(here.ann, slack.dm(here.ann), "hi")
        await here.heard(2)
        found = [await here.bot.surroundings(each.address, 50) for each in here.inbox.events]

    assert [list(each) for each in found] == [[], []]
    assert not slack.calls_of("conversations.replies")


async def test_who_goes_on_in_the_thread_of_a_direct_answer_is_understood(slack: FakeSlack) -> None:
    async with listening(slack) as here:
        direct = slack.dm(here.ann)
        root = await slack.say(here.ann, direct, "my cat is called Mia")
        await slack.say(here.ann, direct, "what is she called?", thread_ts=root)
        await here.heard(2)

        quotes = await here.bot.surroundings(here.inbox.events[1].address, 50)

    assert [quote.text for quote in quotes] == ["my cat is called Mia"]


async def test_a_thread_that_may_not_be_read_is_empty(slack: FakeSlack) -> None:
    async with listening(slack) as here:
        root = await slack.say(here.ann, here.general, "plans?")
        await slack.say(here.ann, here.general, "<@BOT> sum up", thread_ts=root)
        await here.heard()
        slack.workspace.scopes.discard("channels:history")

        assert list(await here.bot.surroundings(here.inbox.events[0].address, 50)) == []


# attachments


async def attached(slack: FakeSlack, here: Listening, **traits: Any) -> str:
    file = slack.file("cat.png", b"meow" * 100, "image/png", **traits)
    await slack.say(here.ann, slack.dm(here.ann), "", files=[file])
    await here.heard()
    (said,) = here.inbox.events
    assert isinstance(said, Said)
    return said.attachments[0].ref


@pytest.mark.parametrize("traits", [{}, {"connect": True}])
async def test_an_attachment_is_fetched(slack: FakeSlack, traits: dict[str, Any]) -> None:
    async with listening(slack) as here:
        blob = await here.bot.fetch(await attached(slack, here, **traits), 1_000)

    assert (blob.data, blob.media_type) == (b"meow" * 100, "image/png")


async def test_the_token_goes_to_no_other_host(slack: FakeSlack) -> None:
    async with listening(slack) as here:
        ref = await attached(slack, here, hops=1)
        with pytest.raises(PlatformError) as refused:
            await here.bot.fetch(ref, 1_000)

    assert refused.value.code == "file_elsewhere"
    assert len(slack.downloads.fetched) == 1


@asynccontextmanager
async def hops(count: int) -> AsyncIterator[tuple[str, list[bool]]]:
    """A server that redirects some times before it gives the bytes; it notes whether it saw a token."""
    saw_token: list[bool] = []

    async def answer(request: web.Request) -> web.Response:
        hop = int(request.match_info["hop"])
        saw_token.append("Authorization" in request.headers)
        if hop < count:
            raise web.HTTPFound(f"/file/{hop + 1}")
        return web.Response(body=b"meow", content_type="image/png")

    app = web.Application()
    app.router.add_get("/file/{hop}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", saw_token
    await runner.cleanup()


@pytest.mark.parametrize("count", [0, 3])
async def test_redirects_are_followed_with_the_token(count: int) -> None:
    async with hops(count) as (url, saw_token), open_slack(SlackSettings(api_url=f"{url}/api/")) as bot:
        blob = await bot.fetch(json.dumps({"id": "F1", "url": f"{url}/file/0"}), 1_000)

    assert blob.data == b"meow"
    assert saw_token == [True] * (count + 1)


async def test_a_fourth_redirect_is_one_too_many() -> None:
    async with hops(4) as (url, _), open_slack(SlackSettings(api_url=f"{url}/api/")) as bot:
        with pytest.raises(PlatformError) as refused:
            await bot.fetch(json.dumps({"id": "F1", "url": f"{url}/file/0"}), 1_000)

    assert refused.value.code == "file_elsewhere"


@pytest.mark.parametrize(
    ("most_bytes", "scope", "code"),
    [(399, True, "file_too_large"), (1_000, False, "file_forbidden")],
)
async def test_an_attachment_that_cant_be_had_says_why(
    slack: FakeSlack, most_bytes: int, scope: bool, code: str
) -> None:
    async with listening(slack) as here:
        ref = await attached(slack, here)
        if not scope:
            slack.workspace.scopes.discard("files:read")
        with pytest.raises(PlatformError) as refused:
            await here.bot.fetch(ref, most_bytes)

    assert refused.value.code == code


@pytest.mark.parametrize("ref", ["", "{}", "[]", json.dumps({"id": "F1", "url": "http://other.example/x"})])
async def test_a_reference_that_is_none_of_ours_is_refused(slack: FakeSlack, ref: str) -> None:
    async with open_slack(settings(slack)) as bot:
        with pytest.raises(PlatformError):
            await bot.fetch(ref, 1_000)

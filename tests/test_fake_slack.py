"""The fake Slack, tried with the real slack_bolt and slack_sdk, unmodified."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import async_default_handlers
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from tests.platforms.slack import Channel, FakeSlack, Person
from tests.platforms.slack_bolt_bot import bot_at, web_client
from tests.waiting import soon


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
async def client(slack: FakeSlack) -> AsyncIterator[AsyncWebClient]:
    async with web_client(slack) as client:
        yield client


@pytest.fixture
def alice(slack: FakeSlack) -> Person:
    return slack.person("alice", locale="nl-NL")


@pytest.fixture
def general(slack: FakeSlack, alice: Person) -> Channel:
    return slack.channel("general", [alice])


async def error_of(call: Awaitable[Any]) -> str:
    with pytest.raises(SlackApiError) as refusal:
        await call
    return str(refusal.value.response["error"])


def chunk(text: str) -> list[dict[str, str]]:
    return [{"type": "markdown_text", "text": text}]


def button(action_id: str) -> dict[str, Any]:
    pressed = {
        "type": "button",
        "action_id": action_id,
        "value": "v",
        "text": {"type": "plain_text", "text": "Go"},
    }
    return {"type": "actions", "block_id": "row", "elements": [pressed]}


# --- Socket Mode ------------------------------------------------------------------------------------------------


async def test_a_mention_comes_in_and_its_answer_stands_in_the_thread(
    slack: FakeSlack, alice: Person, general: Channel
) -> None:
    async with bot_at(slack) as bot:
        ts = await slack.say(alice, general, "<@BOT> hi & <hello>")
        await slack.until(lambda: len(slack.visible(general, ts)) == 2 and not slack.unacked)

    asked, answered = slack.visible(general, ts)
    assert asked.text == "@aivax hi & <hello>"
    assert (answered.author, answered.text, answered.thread_ts) == ("aivax", "Hello!", ts)
    assert bot.events("app_mention")[0]["text"] == f"{slack.mention} hi &amp; &lt;hello&gt;"
    assert bot.events("app_mention")[0]["ts"] == bot.events("message")[0]["ts"] == ts


@pytest.mark.parametrize("mention_first", [True, False])
async def test_both_events_of_a_mention_come_in_either_order(
    slack: FakeSlack, alice: Person, general: Channel, mention_first: bool
) -> None:
    ts = await slack.say(alice, general, "<@BOT> hi", mention_first=mention_first)

    payloads = [delivery.payload for delivery in slack.deliveries]
    kinds = [payload["event"]["type"] for payload in payloads]
    assert kinds == (["app_mention", "message"] if mention_first else ["message", "app_mention"])
    assert {(each["event"]["channel"], each["event"]["ts"]) for each in payloads} == {(general.id, ts)}
    assert payloads[0]["event_id"] != payloads[1]["event_id"]


async def test_where_the_bot_is_no_member_and_in_a_dm_no_mention_is_announced(
    slack: FakeSlack, alice: Person
) -> None:
    await slack.say(alice, slack.channel("elsewhere", [alice], bot=False), "<@BOT> hi")
    await slack.say(alice, slack.dm(alice), "<@BOT> hi")

    assert [each.payload["event"]["channel_type"] for each in slack.deliveries] == ["im"]


async def test_one_sentence_can_come_as_two_messages(
    slack: FakeSlack, alice: Person, general: Channel
) -> None:
    await slack.say(alice, general, "hello", twice=True)

    first, second = (each.payload["event"] for each in slack.deliveries)
    assert first["client_msg_id"] == second["client_msg_id"]
    assert first["ts"] != second["ts"]
    assert len(slack.visible(general)) == 1


async def test_what_is_not_acked_comes_again_until_it_is_lost(
    slack: FakeSlack, alice: Person, general: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    async with bot_at(slack) as bot:
        bot.stores = False
        await slack.say(alice, general, "hello")
        (delivery,) = slack.deliveries
        for attempt, wait_s in enumerate((3.0, 63.0, 303.0, 3.0)):
            await slack.until(lambda seen=attempt + 1: len(bot.heard) == seen)
            slack.clock.advance(wait_s)
        await slack.until(lambda: delivery.lost)

    assert {body["event_id"] for body in bot.heard} == {delivery.event_id}
    assert bot.retries == ["0", "1", "2", "3"]
    assert len({envelope.id for envelope in delivery.envelopes}) == 4
    assert not slack.acks


async def test_what_was_said_while_no_socket_was_open_comes_later(
    slack: FakeSlack, alice: Person, general: Channel
) -> None:
    await slack.say(alice, general, "hello")
    async with bot_at(slack) as bot:
        await slack.redeliver()
        await slack.until(lambda: not slack.unacked)

    assert [event["text"] for event in bot.events("message")] == ["hello"]


async def test_an_acked_event_can_come_once_more(slack: FakeSlack, alice: Person, general: Channel) -> None:
    async with bot_at(slack) as bot:
        await slack.say(alice, general, "hello")
        await slack.until(lambda: len(slack.acks) == 1)
        await slack.repeat(slack.deliveries[0])
        await slack.until(lambda: len(slack.acks) == 2)

    assert bot.heard[0] == bot.heard[1]
    assert bot.retries[1] == "1"


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled", "too_many_websockets"])
async def test_the_sdk_comes_back_after_every_disconnect(
    slack: FakeSlack, alice: Person, general: Channel, reason: str
) -> None:
    async with bot_at(slack) as bot:
        await slack.disconnect(reason)
        await slack.until(lambda: slack.socket_mode.opened == 2 and slack.sockets == 1)
        await slack.say(alice, general, "hello")
        await slack.until(lambda: slack.acks)

    assert [event["text"] for event in bot.events("message")] == ["hello"]


@pytest.mark.parametrize("how", ["dropped", "silent"])
async def test_the_sdk_notices_a_line_that_is_dead(
    slack: FakeSlack, alice: Person, general: Channel, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    async with bot_at(slack):
        await slack.until(lambda: slack.socket_mode.pings)
        if how == "dropped":
            await slack.drop_sockets()
        else:
            slack.silence_sockets()
        await slack.until(lambda: slack.socket_mode.opened == 2 and slack.sockets == 1)
        await slack.say(alice, general, "hello")
        await slack.until(lambda: slack.acks)


async def test_refused_sockets_open_when_slack_lets_them(
    slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    async with bot_at(slack):
        slack.refuse_sockets = True
        await slack.drop_sockets()
        await slack.until(lambda: slack.calls_of("apps.connections.open")[1:])
        slack.refuse_sockets = False
        await slack.until(lambda: slack.sockets == 1)


async def test_events_go_to_any_one_of_several_sockets(
    slack: FakeSlack, alice: Person, general: Channel
) -> None:
    async with bot_at(slack) as one, bot_at(slack) as two:
        for _ in range(12):
            await slack.say(alice, general, "hello")
        await slack.until(lambda: len(slack.acks) >= 12)

    assert one.heard
    assert two.heard
    # one that a busy machine left unacknowledged comes again
    assert len({body["event_id"] for bot in (one, two) for body in bot.heard}) == 12


async def test_a_ticket_opens_one_socket_and_an_ack_counts_on_any(
    slack: FakeSlack, client: AsyncWebClient, alice: Person, general: Channel
) -> None:
    async with aiohttp.ClientSession() as session:
        url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
        async with session.ws_connect(url) as old:
            assert (await old.receive_json())["num_connections"] == 1
            await slack.say(alice, general, "hello")
            envelope = await old.receive_json()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
        url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
        async with session.ws_connect(url) as new:
            await new.send_str(json.dumps({"envelope_id": envelope["envelope_id"]}))
            await slack.until(lambda: not slack.unacked)

    assert [ack.late for ack in slack.acks] == [False]
    assert (envelope["retry_attempt"], envelope["accepts_response_payload"]) == (0, False)


async def test_a_socket_grows_old(slack: FakeSlack, client: AsyncWebClient) -> None:
    async with aiohttp.ClientSession() as session:
        url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
        async with session.ws_connect(url + "&debug_reconnects=true") as ws:
            hello = await ws.receive_json()
            slack.clock.advance(360)
            reasons = [(await ws.receive_json())["reason"] for _ in range(2)]

    assert hello["debug_info"]["approximate_connection_time"] == 360
    assert reasons == ["warning", "refresh_requested"]


# --- people -----------------------------------------------------------------------------------------------------


async def test_edits_deletions_previews_and_own_posts_are_told_apart(
    slack: FakeSlack, client: AsyncWebClient, alice: Person, general: Channel
) -> None:
    ts = await slack.say(alice, general, "one")
    await slack.edit(alice, general, ts, "two")
    await slack.unfurl(general, ts)
    await client.chat_postMessage(channel=general.id, text="mine", thread_ts=ts)
    await slack.delete(alice, general, ts)
    lonely = await slack.say(alice, general, "three")
    await slack.delete(alice, general, lonely)

    _, edit, preview, own, tomb, _, gone = (each.payload["event"] for each in slack.deliveries)
    assert (edit["message"]["text"], edit["previous_message"]["text"]) == ("two", "one")
    assert edit["message"]["edited"]["user"] == alice.id
    assert edit["ts"] != ts
    assert preview["message"]["text"] == preview["previous_message"]["text"]
    assert (own["bot_id"], own["parent_user_id"]) == (slack.workspace.bot.bot_id, alice.id)
    assert (tomb["subtype"], tomb["message"]["subtype"]) == ("message_changed", "tombstone")
    assert (gone["subtype"], gone["deleted_ts"]) == ("message_deleted", lonely)


async def test_a_pressed_button_is_acked_and_answered_through_its_url(
    slack: FakeSlack, client: AsyncWebClient, alice: Person, general: Channel
) -> None:
    async with bot_at(slack) as bot:

        @bot.app.action("go")
        async def go(ack: Any, respond: Any) -> None:
            await ack()
            await respond("only for you")

        await client.chat_postMessage(channel=general.id, text="choose", blocks=[button("go")])
        pressed = await slack.click(alice, slack.visible(general)[0], "go")
        await slack.until(lambda: pressed.acked and len(slack.visible(general)) == 2)

    shown = slack.visible(general, to=alice)[1]
    assert (shown.text, shown.only_to) == ("only for you", alice.id)
    assert len(slack.visible(general, to=slack.person("bob"))) == 1


async def test_a_command_shows_its_answer_or_that_none_came(
    slack: FakeSlack, alice: Person, general: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    async with bot_at(slack) as bot:

        @bot.app.command("/aivax")
        async def aivax(ack: Any, command: dict[str, Any]) -> None:
            await ack(f"{command['text']} done")

        await slack.command(alice, general, "/aivax", "reset")
        await slack.until(lambda: slack.visible(general))
        await slack.command(alice, general, "/unknown")
        await slack.until(lambda: bot.heard[1:])
        slack.clock.advance(3)

    assert [shown.text for shown in slack.visible(general, to=alice)] == [
        "reset done",
        '/unknown failed with the error "operation_timeout"',
    ]


async def test_a_modal_opens_by_a_trigger_and_closes_when_submitted(
    slack: FakeSlack, alice: Person, general: Channel
) -> None:
    title = {"type": "plain_text", "text": "Ask"}
    view = {"type": "modal", "callback_id": "ask", "title": title, "blocks": [button("go")]}
    got: list[str] = []
    async with bot_at(slack) as bot:

        @bot.app.command("/ask")
        async def ask(ack: Any, client: AsyncWebClient, body: dict[str, Any]) -> None:
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=view)

        @bot.app.view("ask")
        async def asked(ack: Any, view: dict[str, Any]) -> None:
            got.append(view["state"]["values"]["b"]["a"]["value"])
            await ack()

        command = await slack.command(alice, general, "/ask")
        await slack.until(lambda: slack.modal(alice))
        again = bot.client.views_open(trigger_id=command.trigger_id, view=view)
        assert await error_of(again) == "exchanged_trigger_id"
        await slack.submit_view(alice, {"b": {"a": {"type": "plain_text_input", "value": "why?"}}})
        await slack.until(lambda: slack.modal(alice) is None)

    assert got == ["why?"]


async def test_the_home_tab_is_told_each_time(
    slack: FakeSlack, client: AsyncWebClient, alice: Person
) -> None:
    await slack.open_home(alice)
    await client.views_publish(user_id=alice.id, view={"type": "home", "blocks": [button("go")]})
    await slack.open_home(alice, "home")

    first, second = (each.payload["event"] for each in slack.deliveries)
    assert (first["tab"], first["channel"], "view" in first) == ("messages", slack.dm(alice).id, False)
    assert second["view"]["type"] == "home"


async def test_who_leaves_is_announced_and_refused(slack: FakeSlack, alice: Person) -> None:
    other = slack.add_workspace("T2", "other")
    await slack.uninstall(other, ("app_uninstalled", "tokens_revoked"))
    await slack.open_home(slack.person("bob", workspace=other))
    async with web_client(slack, other.bot_token) as client:
        assert await error_of(client.auth_test()) == "account_inactive"

    payloads = [each.payload for each in slack.deliveries]
    assert [each["event"]["type"] for each in payloads] == ["app_uninstalled", "tokens_revoked"]
    assert {each["team_id"] for each in payloads} == {"T2"}


async def test_a_guest_of_another_workspace_is_marked(slack: FakeSlack, client: AsyncWebClient) -> None:
    guest = slack.person("eve", workspace=slack.add_workspace("T2"))
    shared = slack.channel("shared", [guest], shared=True)
    await slack.say(guest, shared, "hi", files=[slack.file("a.txt", b"x", connect=True)])

    payload = slack.deliveries[0].payload
    assert (payload["is_ext_shared_channel"], payload["team_id"]) == (True, slack.workspace.id)
    assert payload["event"]["user_team"] == "T2"
    assert payload["event"]["files"][0]["file_access"] == "check_file_info"
    assert (await client.users_info(user=guest.id))["user"]["is_stranger"]


async def test_only_what_the_app_subscribed_to_is_sent(
    slack: FakeSlack, alice: Person, general: Channel
) -> None:
    slack.rules.subscriptions = frozenset({"app_mention"})
    slack.rules.agent_view = False
    await slack.say(alice, general, "<@BOT> hi")
    await slack.start_assistant_thread(alice)
    slack.rules.subscriptions = None
    await slack.start_assistant_thread(alice)

    kinds = [each.payload["event"]["type"] for each in slack.deliveries]
    assert kinds == ["app_mention", "assistant_thread_started"]


# --- the Web API ------------------------------------------------------------------------------------------------


async def test_a_token_counts_in_the_header_only_and_for_its_own_methods(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    second = slack.add_workspace("T2", "other")
    second.scopes.discard("users:read")
    slack.end_token(slack.bot_token, "account_inactive")

    assert await error_of(client.auth_test()) == "account_inactive"
    assert (await client.auth_test(token=second.bot_token))["team_id"] == "T2"
    assert await error_of(client.users_info(token=second.bot_token, user="U1")) == "missing_scope"
    assert await error_of(client.auth_test(token="xoxb-wrong")) == "invalid_auth"
    assert await error_of(client.auth_test(token=slack.app_token)) == "not_allowed_token_type"
    assert (
        await error_of(client.apps_connections_open(app_token=second.bot_token)) == "not_allowed_token_type"
    )
    assert await error_of(client.api_call("no.such", json={})) == "unknown_method"
    async with (
        aiohttp.ClientSession() as session,
        session.post(slack.api_url + "auth.test?token=xoxb-T2") as said,
    ):
        assert await said.json() == {"ok": False, "error": "not_authed"}


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"text": "x", "channel": "C404"}, "channel_not_found"),
        ({"text": "x", "channel": "OUTSIDE"}, "not_in_channel"),
        ({"text": " "}, "no_text"),
        ({"text": "x", "thread_ts": 1.5}, "invalid_arguments"),
        ({"text": "x", "thread_ts": "1.5"}, "cannot_reply_to_message"),
        ({"text": "x", "markdown_text": "x"}, "markdown_text_conflict"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"text": "x", "blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        (
            {"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}]},
            "invalid_blocks",
        ),
        ({"text": "x", "blocks": [{"type": "markdown", "text": "x" * 7_000}] * 2}, "msg_blocks_too_long"),
        ({"text": "x", "metadata": {"event_type": "t"}}, "invalid_metadata_format"),
    ],
)
async def test_a_post_is_refused_for_what_is_wrong_with_it(
    slack: FakeSlack, client: AsyncWebClient, general: Channel, given: dict[str, Any], error: str
) -> None:
    outside = slack.channel("outside", bot=False)
    channel = {"OUTSIDE": outside.id}.get(given.get("channel", ""), given.get("channel", general.id))

    assert await error_of(client.api_call("chat.postMessage", json={**given, "channel": channel})) == error
    assert slack.calls[-1].error == error
    assert not slack.visible(general)


async def test_a_text_that_is_too_long_is_cut_on_a_post_and_refused_on_an_update(
    slack: FakeSlack, client: AsyncWebClient, alice: Person, general: Channel
) -> None:
    posted = await client.chat_postMessage(channel=general.id, text="x" * 40_001)
    ts = posted["ts"]

    assert posted["response_metadata"]["warnings"] == ["message_truncated"]
    assert len(slack.visible(general)[0].text) == 40_000
    assert await error_of(client.chat_update(channel=general.id, ts=ts, text="x" * 4_001)) == "msg_too_long"
    assert await error_of(client.chat_update(channel=general.id, ts="1.1", text="x")) == "message_not_found"
    theirs = await slack.say(alice, general, "hi")
    assert (
        await error_of(client.chat_update(channel=general.id, ts=theirs, text="x")) == "cant_update_message"
    )
    await client.chat_update(channel=general.id, ts=ts, text="short & sweet")
    assert slack.visible(general)[0].text == "short & sweet"
    assert slack.deliveries[-1].payload["event"]["message"]["bot_id"]


async def test_live_tokens_and_links_are_counted_and_entities_disarm(
    slack: FakeSlack, client: AsyncWebClient, alice: Person, general: Channel
) -> None:
    await client.chat_postMessage(
        channel=general.id, markdown_text=f"<!channel> <@{alice.id}> https://example.com"
    )
    await client.chat_postMessage(
        channel=general.id, text="@here &lt;!here&gt; &amp;lt;", unfurl_links=False, unfurl_media=False
    )
    await client.chat_postMessage(channel=general.id, text="@here", link_names=True)

    loud, quiet, named = slack.visible(general)
    assert (loud.text, loud.pings) == (
        "@channel @alice https://example.com",
        ("<!channel>", f"<@{alice.id}>"),
    )
    assert loud.unfurls == ("https://example.com",)
    assert (quiet.text, quiet.pings, quiet.unfurls) == ("@here <!here> &lt;", (), ())
    assert named.pings == ("@here",)


async def test_threads_and_history_are_read_page_by_page(
    slack: FakeSlack, client: AsyncWebClient, alice: Person, general: Channel
) -> None:
    root = await slack.say(alice, general, "root")
    metadata = {"event_type": "answer", "event_payload": {"turn": 1}}
    await client.chat_postMessage(channel=general.id, text="a & b", thread_ts=root, metadata=metadata)
    later = await slack.say(alice, general, "reply", thread_ts=root)
    await client.chat_postEphemeral(channel=general.id, user=alice.id, text="psst")

    page = await client.conversations_replies(channel=general.id, ts=root, limit=2, include_all_metadata=True)
    rest = await client.conversations_replies(
        channel=general.id, ts=root, limit=2, cursor=page["response_metadata"]["next_cursor"]
    )
    since = await client.conversations_replies(channel=general.id, ts=root, oldest=later, inclusive=True)
    slack.rules.root_before_replies = False
    alone = await client.conversations_replies(channel=general.id, ts=root, oldest=later, inclusive=True)
    plain = await client.conversations_replies(channel=general.id, ts=root)
    top = await client.conversations_history(channel=general.id)

    assert [each["text"] for each in page["messages"]] == ["root", "a &amp; b"]
    assert page["messages"][1]["metadata"] == metadata
    assert (page["has_more"], rest["has_more"], [each["text"] for each in rest["messages"]]) == (
        True,
        False,
        ["reply"],
    )
    assert [each["ts"] for each in since["messages"]] == [root, later]
    assert [each["ts"] for each in alone["messages"]] == [later]
    assert "metadata" not in plain["messages"][1]
    assert [(each["text"], each["reply_count"]) for each in top["messages"]] == [("root", 2)]


async def test_people_places_and_reactions_are_known(
    slack: FakeSlack, client: AsyncWebClient, alice: Person, general: Channel
) -> None:
    ts = await slack.say(alice, general, "hi")
    await client.reactions_add(channel=general.id, timestamp=ts, name="eyes")
    with_locale = await client.users_info(user=alice.id, include_locale=True)
    without = await client.users_info(user=alice.id)
    opened = await client.conversations_open(users=[alice.id])

    assert (with_locale["user"]["locale"], "locale" in without["user"]) == ("nl-NL", False)
    assert opened["channel"]["id"] == slack.dm(alice).id
    assert slack.visible(general)[0].reactions == {"eyes": (slack.bot_user_id,)}
    again = client.reactions_add(channel=general.id, timestamp=ts, name="eyes")
    assert await error_of(again) == "already_reacted"
    assert (await client.conversations_info(channel=general.id))["channel"]["is_member"]


async def test_a_status_goes_with_the_answer_or_with_time(
    slack: FakeSlack, client: AsyncWebClient, alice: Person, general: Channel
) -> None:
    ts = await slack.say(alice, general, "hi")
    await client.assistant_threads_setStatus(channel_id=general.id, thread_ts=ts, status="is thinking…")
    assert (slack.status(general, ts), slack.session(general, ts)) == ("is thinking…", "processing")

    await client.chat_postMessage(channel=general.id, text="Hello!", thread_ts=ts)
    assert slack.status(general, ts) == ""
    await client.assistant_threads_setStatus(channel_id=general.id, thread_ts=ts, status="is thinking…")
    slack.clock.advance(120)
    assert slack.status(general, ts) == ""
    await client.agents_sessions_setStatus(channel_id=general.id, thread_ts=ts, status="processing")
    assert slack.session(general, ts) == "processing"


async def test_a_file_wants_the_token_at_every_host(slack: FakeSlack, client: AsyncWebClient) -> None:
    file = slack.file("a.txt", b"words", hops=1)
    url = (await client.files_info(file=file.id))["file"]["url_private_download"]
    token = {"Authorization": f"Bearer {slack.bot_token}"}
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as bare, session.get(url, headers=token) as dropped:
            pages = [(each.status, each.content_type) for each in (bare, dropped)]
        async with session.get(url, headers=token, allow_redirects=False) as hop:
            target = hop.headers["Location"]
        async with session.get(target, headers=token) as got:
            body = await got.read()

    assert pages == [(200, "text/html")] * 2
    assert body == b"words"


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated")  # slack_sdk's way to name the client
async def test_installing_and_rotating_tokens(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.rules.token_rotation = True
    asked = (
        "https://slack.com/oauth/v2/authorize?scope=chat:write&state=s1&redirect_uri=https://bot.example/cb"
    )
    code = slack.approve(asked).partition("code=")[2].partition("&")[0]
    who = {"client_id": slack.client_id, "client_secret": slack.client_secret}
    installed = await client.oauth_v2_access(**who, code=code, redirect_uri="https://bot.example/cb")
    assert await error_of(client.oauth_v2_access(**who, code=code)) == "invalid_code"

    slack.clock.advance(43_200)
    assert await error_of(client.auth_test(token=installed["access_token"])) == "token_expired"
    renewal = {**who, "grant_type": "refresh_token", "refresh_token": installed["refresh_token"]}
    fresh = await client.oauth_v2_access(**renewal)
    assert (await client.auth_test(token=fresh["access_token"]))["ok"]
    assert await error_of(client.oauth_v2_access(**renewal)) == "invalid_refresh_token"


# --- failures on demand -------------------------------------------------------------------------------------------


async def test_each_kind_of_failure_meets_the_next_call_only(
    slack: FakeSlack, client: AsyncWebClient, general: Channel
) -> None:
    def post() -> Awaitable[Any]:
        return client.chat_postMessage(channel=general.id, text="x")

    slack.fail("chat.postMessage", "restricted_action")
    assert await error_of(post()) == "restricted_action"
    slack.rate_limit("chat.postMessage", retry_after=7)
    with pytest.raises(SlackApiError) as limited:
        await post()
    assert (limited.value.response.status_code, limited.value.response.headers["Retry-After"]) == (429, "7")
    slack.break_http("chat.postMessage", 503)
    with pytest.raises(SlackApiError) as broken:
        await post()
    assert broken.value.response.status_code == 503
    assert not slack.visible(general)
    await post()
    assert len(slack.visible(general)) == 1


async def test_a_lost_response_leaves_its_work_and_the_sdk_would_do_it_twice(
    slack: FakeSlack, client: AsyncWebClient, general: Channel
) -> None:
    slack.lose_response("chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=general.id, text="once")
    assert [shown.text for shown in slack.visible(general)] == ["once"]

    slack.lose_response("chat.postMessage")
    client.retry_handlers = async_default_handlers()
    await client.chat_postMessage(channel=general.id, text="twice")
    assert [shown.text for shown in slack.visible(general)] == ["once", "twice", "twice"]


@pytest.mark.parametrize("after_work", [False, True])
async def test_a_call_hangs_before_or_after_its_work(
    slack: FakeSlack, client: AsyncWebClient, general: Channel, after_work: bool
) -> None:
    hold = slack.hang("chat.postMessage", after_work=after_work)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(client.chat_postMessage(channel=general.id, text="x"))
        await soon("the call", hold.reached.wait())
        assert len(slack.visible(general)) == int(after_work)
        hold.release()
    assert len(slack.visible(general)) == 1


@pytest.mark.parametrize(("dedupe", "seen"), [(False, 2), (True, 1)])
async def test_the_same_client_msg_id_twice_can_mean_one_post_or_two(
    slack: FakeSlack, client: AsyncWebClient, general: Channel, dedupe: bool, seen: int
) -> None:
    slack.rules.dedupe_posts = dedupe
    for _ in range(2):
        await client.chat_postMessage(channel=general.id, text="x", client_msg_id="one")

    assert len(slack.visible(general)) == seen


async def test_budgets_hold_per_method_and_workspace(
    slack: FakeSlack, client: AsyncWebClient, general: Channel
) -> None:
    slack.rules.budgets = True
    for _ in range(5):
        await client.chat_postMessage(channel=general.id, text="burst")
    assert await error_of(client.chat_postMessage(channel=general.id, text="x")) == "ratelimited"
    assert slack.calls[-1].status == 429
    slack.clock.advance(5)
    await client.chat_postMessage(channel=general.id, text="x")


# --- streams ------------------------------------------------------------------------------------------------------


async def test_a_stream_grows_for_its_reader_and_is_there_for_all_when_it_stops(
    slack: FakeSlack, client: AsyncWebClient, alice: Person, general: Channel
) -> None:
    bob = slack.person("bob")
    root = await slack.say(alice, general, "hi")
    who = {"recipient_user_id": alice.id, "recipient_team_id": alice.team_id}
    ts = (await client.chat_startStream(channel=general.id, thread_ts=root, chunks=chunk("One "), **who))[
        "ts"
    ]
    task = {"type": "task_update", "id": "1", "title": "Search", "status": "in_progress", "details": "a"}
    await client.chat_appendStream(channel=general.id, ts=ts, chunks=[*chunk("two <!chan"), task])
    await client.chat_appendStream(
        channel=general.id, ts=ts, chunks=[*chunk("nel>"), {**task, "status": "complete", "details": "b"}]
    )

    live = slack.visible(general, root, to=alice)[1]
    assert (live.text, live.streaming, live.pings) == ("One two @channel", True, ("<!channel>",))
    assert (live.tasks[0].status, live.tasks[0].details) == ("complete", "ab")
    assert slack.visible(general, root, to=bob)[1].text == "One "
    assert slack.session(general, root) == "processing"
    assert (
        await error_of(client.chat_update(channel=general.id, ts=ts, text="x")) == "streaming_state_conflict"
    )

    await client.chat_stopStream(channel=general.id, ts=ts, blocks=[button("again")])
    done = slack.visible(general, root, to=bob)[1]
    assert (done.text, done.streaming, done.actions) == ("One two @channel", False, ("again",))
    late = client.chat_appendStream(channel=general.id, ts=ts, chunks=chunk("x"))
    assert await error_of(late) == "message_not_in_streaming_state"
    subtypes = [each.payload["event"].get("subtype") for each in slack.deliveries]
    assert subtypes == [None, None, "message_changed", "message_changed", "message_changed"]


async def test_a_stream_dies_of_age_and_keeps_what_it_showed(
    slack: FakeSlack, client: AsyncWebClient, alice: Person
) -> None:
    dm = slack.dm(alice)
    root = await slack.say(alice, dm, "hi")
    ts = (await client.chat_startStream(channel=dm.id, thread_ts=root, chunks=chunk("so far")))["ts"]
    slack.clock.advance(299)
    await client.chat_appendStream(channel=dm.id, ts=ts, chunks=chunk(" so good"))
    slack.clock.advance(1)

    append = client.chat_appendStream(channel=dm.id, ts=ts, chunks=chunk("x"))
    assert await error_of(append) == "message_not_in_streaming_state"
    assert await error_of(client.chat_stopStream(channel=dm.id, ts=ts)) == "message_not_in_streaming_state"
    shown = slack.visible(dm, root)[1]
    assert (shown.text, shown.streaming, shown.stream) == ("so far so good", False, "dead")
    slack.rules.dead_stream_update = "block_mismatch"
    update = client.chat_update(channel=dm.id, ts=ts, text="all", blocks=[])
    assert await error_of(update) == "block_mismatch"
    slack.rules.dead_stream_update = "ok"
    await client.chat_update(channel=dm.id, ts=ts, text="all", blocks=[])
    assert (slack.visible(dm, root)[1].text, slack.visible(dm, root)[1].stream) == ("all", None)


async def test_a_stream_is_full_by_bytes_also_when_it_stops(
    slack: FakeSlack, client: AsyncWebClient, alice: Person
) -> None:
    dm = slack.dm(alice)
    root = await slack.say(alice, dm, "hi")
    ts = (await client.chat_startStream(channel=dm.id, thread_ts=root, chunks=chunk("é" * 5_000)))["ts"]
    card = {"type": "task_update", "id": "1", "title": "t", "status": "complete", "output": "o" * 600}

    assert await error_of(client.chat_appendStream(channel=dm.id, ts=ts, chunks=[card])) == "msg_too_long"
    assert (
        await error_of(client.chat_stopStream(channel=dm.id, ts=ts, chunks=chunk("x" * 601)))
        == "msg_too_long"
    )
    await client.chat_stopStream(channel=dm.id, ts=ts, chunks=chunk("x" * 600))
    assert len(slack.visible(dm, root)[1].text) == 5_600


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"chunks": chunk("x"), "recipient_user_id": None}, "missing_recipient_user_id"),
        ({"chunks": chunk("x"), "recipient_team_id": None}, "missing_recipient_team_id"),
        ({"chunks": chunk("x"), "thread_ts": "1.1"}, "invalid_thread_ts"),
        ({"chunks": chunk("x"), "markdown_text": "x"}, "cannot_provide_both_markdown_text_and_chunks"),
        (
            {"chunks": [{"type": "task_update", "id": "1", "title": "x" * 257, "status": "pending"}]},
            "invalid_chunks",
        ),
        ({"chunks": [{"type": "text", "text": "x"}]}, "invalid_chunks"),
        ({}, "no_text"),
    ],
)
async def test_a_stream_is_refused_for_what_is_wrong_with_it(
    slack: FakeSlack,
    client: AsyncWebClient,
    alice: Person,
    general: Channel,
    more: dict[str, Any],
    error: str,
) -> None:
    root = await slack.say(alice, general, "hi")
    good = {"thread_ts": root, "recipient_user_id": alice.id, "recipient_team_id": alice.team_id}

    assert await error_of(client.chat_startStream(channel=general.id, **{**good, **more})) == error
    assert len(slack.visible(general)) == 1


async def test_the_first_payload_fixes_the_kind_and_the_reader_can_stop(
    slack: FakeSlack, client: AsyncWebClient, alice: Person
) -> None:
    dm = slack.dm(alice)
    root = await slack.say(alice, dm, "hi")
    ts = (await client.chat_startStream(channel=dm.id, thread_ts=root, markdown_text="text"))["ts"]

    assert (
        await error_of(client.chat_appendStream(channel=dm.id, ts=ts, chunks=chunk("x")))
        == "streaming_mode_mismatch"
    )
    theirs = client.chat_appendStream(channel=dm.id, ts=root, markdown_text="x")
    assert await error_of(theirs) == "message_not_owned_by_app"
    slack.stop_stream(alice, dm, ts)
    assert await error_of(client.chat_stopStream(channel=dm.id, ts=ts)) == "stopped_by_user"
    assert slack.deliveries[-1].payload["event"]["streaming_message_ts"] == [ts]


async def test_where_streams_are_unknown_they_are_refused(
    client: AsyncWebClient, slack: FakeSlack, alice: Person
) -> None:
    slack.rules.streams = "unknown_method"
    dm = slack.dm(alice)
    root = await slack.say(alice, dm, "hi")

    assert (
        await error_of(client.chat_startStream(channel=dm.id, thread_ts=root, chunks=chunk("x")))
        == "unknown_method"
    )


async def test_it_can_be_driven_from_another_process() -> None:
    async with FakeSlack(control=True) as slack, aiohttp.ClientSession() as session:

        async def control(action: str, **given: Any) -> Any:
            async with session.post(f"{slack.world.base_url}/_control/{action}", json=given) as said:
                return (await said.json()).get("result")

        alice = (await control("person", name="alice"))["id"]
        channel = (await control("channel", name="general", members=[alice]))["id"]
        ts = await control("say", person=alice, channel=channel, text="<@BOT> hi")
        (shown,) = await control("visible", channel=channel)

    assert (shown["author"], shown["text"], shown["ts"]) == ("alice", "@aivax hi", ts)


async def test_over_http_an_event_is_signed_and_tried_again_at_once_after_one_minute_and_after_five(
    slack: FakeSlack, alice: Person
) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=500)

    async with app_at(slack, refuse):
        await slack.say(alice, slack.dm(alice), "hello")
        (delivery,) = slack.http_mode.deliveries
        for due_s, tries in ((0, 2), (60, 3), (300, 4)):
            await slack.until(lambda: delivery.timer or delivery.lost or len(slack.http_mode.sent) >= 2)
            slack.clock.advance(due_s)
            await slack.until(lambda tries=tries: len(slack.http_mode.sent) == tries)
        await slack.until(lambda: delivery.lost)

    sent = slack.http_mode.sent
    assert [each.headers.get("x-slack-retry-num") for each in sent] == [None, "1", "2", "3"]
    for each in sent:
        timestamp = each.headers["X-Slack-Request-Timestamp"]
        verifier = SignatureVerifier(slack.http_mode.signing_secret)
        assert verifier.is_valid(each.body, timestamp, each.headers["X-Slack-Signature"])


async def test_over_http_x_slack_no_retry_ends_it(slack: FakeSlack, alice: Person) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=500, headers={"x-slack-no-retry": "1"})

    async with app_at(slack, refuse):
        await slack.say(alice, slack.dm(alice), "hello")
        await slack.until(lambda: slack.http_mode.deliveries[0].lost)

    assert len(slack.http_mode.sent) == 1


@asynccontextmanager
async def app_at(
    slack: FakeSlack, answer: Callable[[web.Request], Awaitable[web.Response]]
) -> AsyncIterator[None]:
    """An app's own address, which the fake delivers to."""
    app = web.Application()
    app.router.add_post("/slack/events", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.http_mode.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield
    finally:
        slack.http_mode.request_url = ""
        await runner.cleanup()

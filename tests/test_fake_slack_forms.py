"""The fake Slack where forms, the Home tab and lists of conversations are concerned: as strict as Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.platforms.slack import FakeSlack, Person
from tests.platforms.slack_bolt_bot import web_client


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
async def client(slack: FakeSlack) -> AsyncIterator[AsyncWebClient]:
    async with web_client(slack) as client:
        yield client


@pytest.fixture
def ana(slack: FakeSlack) -> Person:
    return slack.person("ana")


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def form(**changes: Any) -> dict[str, Any]:
    field = {"type": "plain_text_input", "action_id": "text"}
    fields = [{"type": "input", "block_id": "words", "label": plain("Why?"), "element": field}]
    usual = {"type": "modal", "title": plain("Feedback"), "submit": plain("Send"), "blocks": fields}
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


async def refusal_of(client: AsyncWebClient, slack: FakeSlack, ana: Person, view: dict[str, Any]) -> str:
    with pytest.raises(SlackApiError) as refused:
        await client.views_open(trigger_id=slack.world.new_trigger(ana), view=view)
    return str(refused.value.response["error"])


async def test_a_good_form_opens(slack: FakeSlack, client: AsyncWebClient, ana: Person) -> None:
    await client.views_open(trigger_id=slack.world.new_trigger(ana), view=form())

    assert slack.modal(ana)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": plain("x" * 25)},
        {"title": None},
        {"submit": plain("x" * 25)},
        {"submit": None},
        {"close": {"type": "mrkdwn", "text": "Close"}},
        {"private_metadata": "x" * 3_001},
        {"blocks": [{"type": "markdown", "text": "x"}]},
        {"blocks": [{"type": "input", "label": plain("Why?"), "element": {"type": "button"}}]},
    ],
)
async def test_a_form_that_slack_would_refuse_is_refused(
    slack: FakeSlack, client: AsyncWebClient, ana: Person, changes: dict[str, Any]
) -> None:
    assert await refusal_of(client, slack, ana, form(**changes)) in ("invalid_arguments", "invalid_blocks")


async def test_a_trigger_works_once_and_for_three_seconds(
    slack: FakeSlack, client: AsyncWebClient, ana: Person
) -> None:
    used, late = slack.world.new_trigger(ana), slack.world.new_trigger(ana)
    await client.views_open(trigger_id=used, view=form())
    slack.clock.advance(3.1)

    for trigger, error in ((used, "exchanged_trigger_id"), (late, "expired_trigger_id")):
        with pytest.raises(SlackApiError) as refused:
            await client.views_open(trigger_id=trigger, view=form())
        assert refused.value.response["error"] == error


async def test_two_buttons_of_a_row_can_t_have_one_id(
    slack: FakeSlack, client: AsyncWebClient, ana: Person
) -> None:
    button = {"type": "button", "action_id": "a", "text": plain("Go")}
    home = {"type": "home", "blocks": [{"type": "actions", "elements": [button, button]}]}

    with pytest.raises(SlackApiError):
        await client.views_publish(user_id=ana.id, view=home)


async def test_conversations_are_listed_by_kind_with_its_scope(
    slack: FakeSlack, client: AsyncWebClient, ana: Person
) -> None:
    direct = slack.dm(ana)
    slack.channel("general", [ana])
    listed = (await client.users_conversations(types="im"))["channels"]
    slack.workspace.scopes.discard("im:read")

    assert [each["id"] for each in listed] == [direct.id]
    with pytest.raises(SlackApiError) as refused:
        await client.users_conversations(types="im")
    assert refused.value.response["error"] == "missing_scope"


async def test_history_tells_who_replied(slack: FakeSlack, client: AsyncWebClient, ana: Person) -> None:
    general = slack.channel("general", [ana])
    root = await slack.say(ana, general, "hello")
    await client.chat_postMessage(channel=general.id, thread_ts=root, text="Hello")
    (message,) = (await client.conversations_history(channel=general.id))["messages"]

    assert message["reply_users"] == [slack.bot_user_id]

"""Whom the bot hears on Slack: its own organisation's people, by every way in; others where that is chosen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from bots.slack.events.payloads import Speaker, speaker
from bots.slack.listening.receive import team_of
from bots.slack.transport.people import People
from core.domain import Action, Button, PassedOver, PlatformBusy, Said
from tests.platforms.slack import FakeSlack, Person
from tests.slack_ears import Ears, ears

US, SIBLING, ELSEWHERE = "T0000000001", "T0000000002", "T0000000009"
WORDS = {"words": {"text": {"type": "plain_text_input", "value": "Why?"}}}


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


def someone(slack: FakeSlack, kind: str) -> Person:
    """A person of our workspace, of a sibling of it in our organisation, or of another organisation."""
    if kind == "own":
        return slack.person("olga")
    team, organisation = {
        "sibling": (SIBLING, slack.workspace.enterprise_id),
        "other organisation": (ELSEWHERE, "E0000000009"),
        "slack connect": (ELSEWHERE, None),
        "stranger": (SIBLING, slack.workspace.enterprise_id),
    }[kind]
    workspace = slack.add_workspace(team, enterprise_id=organisation)
    return slack.person("gil", workspace=workspace, stranger=kind == "stranger")


async def mention(here: Ears, who: Person) -> None:
    await here.slack.say(who, here.general, "<@BOT> hi")


async def edit(here: Ears, who: Person) -> None:
    ts = await here.slack.say(who, here.general, "hi")
    await here.slack.edit(who, here.general, ts, "<@BOT> hi")


async def command(here: Ears, who: Person) -> None:
    await here.done(await here.slack.command(who, here.general, "/aivax", "usage"))


async def ask(here: Ears, who: Person) -> None:
    await here.done(await here.slack.command(who, here.general, "/aivax", "ask who am I?"))


async def press(here: Ears, who: Person) -> None:
    ts = await here.slack.say(here.ana, here.general, "<@BOT> hi")
    (said,) = await here.heard(Said)
    await here.answer(said.address, "Hello", [Button(Action.REGENERATE, "k1", "Again")])
    here.inbox.events.clear()
    answer = here.slack.visible(here.general, ts)[-1]
    await here.done(await here.slack.click(who, answer, "aivax:regenerate"))


async def open_home(here: Ears, who: Person) -> None:
    await here.slack.open_home(who, "home", here.slack.workspace)


WAYS = [mention, edit, command, ask, press, open_home]
Way = Callable[[Ears, Person], Awaitable[None]]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("organisation", "kind", "external_users", "heard"),
    [
        (None, "own", False, True),
        (None, "slack connect", False, False),
        (None, "other organisation", False, False),
        (None, "slack connect", True, True),
        ("E0000000001", "own", False, True),
        ("E0000000001", "sibling", False, True),
        ("E0000000001", "slack connect", False, False),
        ("E0000000001", "other organisation", False, False),
        ("E0000000001", "stranger", False, False),
        ("E0000000001", "other organisation", True, True),
    ],
)
async def test_only_our_own_organisation_s_people_are_heard_unless_others_are_wanted(
    slack: FakeSlack, way: Way, organisation: str | None, kind: str, external_users: bool, heard: bool
) -> None:
    slack.workspace.enterprise_id = organisation
    async with ears(slack, external_users=external_users) as here:
        who = someone(slack, kind)
        here.general.members.add(who.id)
        here.general.shared = kind != "own"
        await way(here, who)
        await here.quiet()

        assert bool(here.inbox.events) == heard
        assert (here.inbox.passed[PassedOver.STRANGER] > 0) != heard
        assert heard or not [each for each in slack.visible(here.general) if "who am I" in each.text]


async def test_a_shared_channel_s_event_that_names_its_author_s_workspace_is_still_a_stranger_s(
    slack: FakeSlack,
) -> None:
    slack.rules.authors_team_id = True
    async with ears(slack) as here:
        who = someone(slack, "slack connect")
        shared = slack.channel("shared", [here.ana, who], shared=True)
        await slack.say(who, shared, "<@BOT> hi")
        await slack.say(here.ana, shared, "<@BOT> hello")
        (said,) = await here.heard(Said)

    assert (said.text, said.place.workspace) == ("hello", slack.workspace.id)


async def test_a_stranger_gets_no_form_and_no_greeting(slack: FakeSlack) -> None:
    async with ears(slack) as here:
        who = someone(slack, "slack connect")
        here.general.members.add(who.id)
        ts = await slack.say(here.ana, here.general, "The plan")
        await here.done(await slack.shortcut(who, here.general, ts, "ask"))
        await slack.open_home(who, "messages", slack.workspace)
        await here.quiet()

    assert slack.modal(who) is None
    assert slack.visible(slack.dm(who, slack.workspace)) == []
    assert here.inbox.passed[PassedOver.STRANGER] == 2


async def test_a_form_that_a_stranger_sends_asks_nothing(slack: FakeSlack) -> None:
    async with ears(slack) as here:
        ts = await slack.say(here.ana, here.general, "The plan")
        await here.done(await slack.shortcut(here.ana, here.general, ts, "ask"))
        await slack.until(lambda: slack.modal(here.ana))
        here.ana.workspace = slack.add_workspace(ELSEWHERE)
        await here.done(await slack.submit_view(here.ana, WORDS))

    assert here.inbox.events == []
    assert len(slack.visible(here.general)) == 1


async def test_of_whom_slack_may_not_tell_us_the_workspace_nobody_is_heard(slack: FakeSlack) -> None:
    slack.workspace.scopes.discard("users:read")
    async with ears(slack) as here:
        await command(here, here.ana)
        await here.quiet()

    assert here.inbox.events == []


class Directory:
    """A Web API that is asked for people, busy until it is not."""

    busy = True

    async def read(self, _method: str, **_given: Any) -> dict[str, Any]:
        if self.busy:
            raise PlatformBusy("slack", code="ratelimited")
        return {"user": {"id": "U1", "team_id": "T1", "enterprise_user": {"enterprise_id": "E1"}}}


async def test_who_can_t_be_looked_up_now_is_no_stranger_but_to_come_again() -> None:
    now, api = 0.0, Directory()
    people = People(api, 1.0, lambda: now)  # type: ignore[arg-type]  # all of it that is used
    with pytest.raises(PlatformBusy):
        await people.require("U1")
    api.busy, now = False, 61.0

    person = await people.require("U1")

    assert (person.team, person.organisation, person.stranger) == ("T1", "E1", False)


def event(**more: Any) -> dict[str, Any]:
    return {"type": "event_callback", "event": {"type": "message", "user": "U1", **more}}


@pytest.mark.parametrize(
    ("payload", "who"),
    [
        (event(team="T1", user_team="T2"), Speaker("U1", frozenset({"T1", "T2"}))),
        (event(), Speaker("U1")),
        (event(user=None, message={"user": "U2", "team": "T2"}), Speaker("U2", frozenset({"T2"}))),
        (event(user=None, assistant_thread={"user_id": "U3"}), Speaker("U3")),
        ({"command": "/aivax", "user_id": "U1", "team_id": "T1"}, Speaker("U1")),
        ({"type": "block_actions", "user": {"id": "U1", "team_id": "T1"}}, Speaker("U1", frozenset({"T1"}))),
        ({"type": "view_submission", "user": {"id": "U1"}}, Speaker("U1")),
        ({"type": "view_submission", "user": "U1"}, Speaker("")),
    ],
)
def test_a_payload_tells_who_did_it_and_of_which_workspaces_they_are(
    payload: dict[str, Any], who: Speaker
) -> None:
    assert speaker(payload) == who


@pytest.mark.parametrize(
    ("payload", "team"),
    [
        ({"team_id": "T1"}, "T1"),
        ({"team_id": "T9", "context_team_id": "T1"}, "T1"),
        ({"team_id": "T9", "context_team_id": None, "authorizations": [{"team_id": "T1"}]}, "T1"),
        ({"team_id": "T1", "context_team_id": "E1", "authorizations": [{"team_id": None}]}, "T1"),
        ({"team": {"id": "T1"}, "user": {"team_id": "T9"}}, "T1"),
        ({"authorizations": "T1", "team": "T1"}, ""),
    ],
)
def test_the_workspace_that_an_event_is_for_is_the_one_that_installed_the_app(
    payload: dict[str, Any], team: str
) -> None:
    assert team_of(payload) == team

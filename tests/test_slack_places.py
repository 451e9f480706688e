"""Where people meet the bot on Slack, and what it makes of threads, edits and the agent view; over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.domain import Deleted, Edited, Place, Said
from tests.platforms.slack import FakeSlack
from tests.slack_ears import Watched, ears

PROMPTS = [
    {"title": "Summarise", "message": "Summarise this."},
    {"title": "Translate", "message": "Translate."},
]


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


SUGGEST = "assistant.threads.setSuggestedPrompts"

# threads


async def test_in_a_thread_of_the_bot_s_a_mention_is_needed_unless_chosen_otherwise(slack: FakeSlack) -> None:
    async with ears(slack) as here:
        root = await slack.say(here.ana, here.general, "<@BOT> hi")
        await here.heard(Said)
        await slack.say(here.ana, here.general, "and now?", thread_ts=root)
        await here.quiet()

        assert len(here.inbox.events) == 1


async def test_who_goes_on_in_a_thread_of_the_bot_s_is_heard_where_that_is_chosen(slack: FakeSlack) -> None:
    async with ears(slack, thread_follow_ups="always") as here:
        root = await slack.say(here.ana, here.general, "<@BOT> hi")
        await here.heard(Said)
        await slack.say(here.ben, here.general, "and now?", thread_ts=root)
        await slack.say(here.ben, here.general, f"<@{here.ana.id}> what do you say?", thread_ts=root)
        other = await slack.say(here.ben, here.general, "lunch?")
        await slack.say(here.ana, here.general, "yes", thread_ts=other)
        heard = await here.heard(Said, 2)

    assert [each.text for each in heard] == ["hi", "and now?"]
    assert heard[1].place.thread == root


async def test_a_thread_is_known_by_the_bot_s_own_answers_in_it(slack: FakeSlack) -> None:
    async with ears(slack) as before:
        root = await slack.say(before.ana, before.general, "<@BOT> hi")
        (said,) = await before.heard(Said)
    async with ears(slack, thread_follow_ups="always") as here:
        await here.answer(said.address, "Hello")  # of another process, perhaps
        await here.quiet()
        await slack.say(before.ana, before.general, "and now?", thread_ts=root)
        (again,) = await here.heard(Said)

    assert again.text == "and now?"


async def test_a_thread_is_known_after_a_restart_by_what_is_stored(slack: FakeSlack) -> None:
    async with ears(slack) as before:
        root = await slack.say(before.ana, before.general, "<@BOT> hi")
        await before.heard(Said)
    stored = Watched(slack)
    stored.known = [Place("slack", slack.workspace.id, before.general.id, root)]
    async with ears(slack, stored, thread_follow_ups="always") as here:
        await slack.say(before.ana, before.general, "and now?", thread_ts=root)
        (again,) = await here.heard(Said)

    assert again.place.thread == root


async def test_in_a_group_message_a_mention_is_answered_in_its_thread(slack: FakeSlack) -> None:
    async with ears(slack) as here:
        group = slack.channel("mpdm", [here.ana, here.ben], kind="mpim")
        await slack.say(here.ana, group, "who is right?")
        ts = await slack.say(here.ben, group, "<@BOT> who is right?")
        (said,) = await here.heard(Said)
        await here.answer(said.address, "Both")

        assert [each.text for each in slack.visible(group, ts)][-1] == "Both"
        assert not said.place.private


@pytest.mark.parametrize(("allowed", "count"), [(False, 0), (True, 1)])
async def test_external_people_are_heard_only_where_that_is_chosen(
    slack: FakeSlack, allowed: bool, count: int
) -> None:
    async with ears(slack, external_users=allowed) as here:
        guest = slack.person("gil", workspace=slack.add_workspace("T0000000009"))
        shared = slack.channel("shared", [here.ana, guest], shared=True)
        await slack.say(guest, shared, "<@BOT> hi")
        await here.quiet()

        assert len(here.inbox.events) == count


# edits and deletions


async def test_an_edit_and_a_deletion_name_the_question(slack: FakeSlack) -> None:
    async with ears(slack) as here:
        ts = await slack.say(here.ana, here.general, "<@BOT> what is 1 + 1?")
        await slack.edit(here.ana, here.general, ts, "<@BOT> what is 2 + 2?", mention_again=True)
        (edited,) = await here.heard(Edited)
        await slack.unfurl(here.general, ts)
        await slack.delete(here.ana, here.general, ts)
        (deleted,) = await here.heard(Deleted)
        (said,) = await here.heard(Said)

    assert (edited.origin, edited.text, edited.place) == (said.origin, "what is 2 + 2?", said.place)
    assert deleted.origins == (said.origin,)


@pytest.mark.parametrize("tombstones", [True, False])
async def test_a_question_that_was_answered_can_be_deleted(slack: FakeSlack, tombstones: bool) -> None:
    slack.rules.tombstones = tombstones
    async with ears(slack) as here:
        ts = await slack.say(here.ana, slack.dm(here.ana), "hi")
        (said,) = await here.heard(Said)
        await here.answer(said.address, "Hello")
        await slack.delete(here.ana, slack.dm(here.ana), ts)
        (deleted,) = await here.heard(Deleted)

    assert deleted.origins == (ts,)


async def test_an_edit_that_adds_a_mention_asks(slack: FakeSlack) -> None:
    async with ears(slack) as here:
        ts = await slack.say(here.ana, here.general, "what is 1 + 1?")
        await slack.edit(here.ana, here.general, ts, "<@BOT> what is 1 + 1?", mention_again=True)
        (said,) = await here.heard(Said)

    assert (said.origin, said.text) == (ts, "what is 1 + 1?")


async def test_what_the_bot_edits_deletes_and_streams_itself_is_no_event(slack: FakeSlack) -> None:
    async with ears(slack) as here:
        await slack.say(here.ana, here.general, "<@BOT> hi")
        await slack.say(here.ana, slack.dm(here.ana), "hi")
        for said in await here.heard(Said, 2):
            await here.answer(said.address, "Hello " * 200)
        await here.quiet()

        assert len(here.inbox.events) == 2


# the agent view


async def test_who_opens_the_direct_messages_is_greeted_once_and_never_again(slack: FakeSlack) -> None:
    async with ears(slack, prompts=PROMPTS) as here:
        ben, direct = here.ben, slack.dm(here.ben)
        await slack.open_home(ben)
        await slack.until(lambda: slack.visible(direct))
        await slack.open_home(ben)
        await here.quiet()
    async with ears(slack, prompts=PROMPTS) as here:
        await slack.open_home(ben)
        await slack.until(lambda: len(slack.calls_of("conversations.history")) == 2)
        await here.quiet()

    assert [each.text for each in slack.visible(direct)] == ["Oi! O que posso fazer por você?"]
    assert slack.prompts(direct) == ["Summarise", "Translate"]
    assert len(slack.calls_of("assistant.threads.setSuggestedPrompts")) == 2


async def test_who_has_spoken_with_the_bot_is_not_greeted(slack: FakeSlack) -> None:
    async with ears(slack) as here:
        direct = slack.dm(here.ana)
        await slack.say(here.ana, direct, "hi")
        await slack.open_home(here.ana)
        await slack.until(lambda: slack.calls_of("conversations.history"))
        await here.quiet()

        assert [each.text for each in slack.visible(direct)] == ["hi"]
        assert not slack.calls_of("assistant.threads.setSuggestedPrompts")


async def test_a_thread_of_the_old_view_is_greeted_in(slack: FakeSlack) -> None:
    slack.rules.agent_view = False
    async with ears(slack, prompts=PROMPTS) as here:
        direct = slack.dm(here.ana)
        root = await slack.start_assistant_thread(here.ana, context={"channel_id": here.general.id})
        await slack.until(lambda: len(slack.visible(direct, root)) == 2)
        await slack.change_assistant_context(here.ana, root, {"channel_id": here.general.id})
        await slack.repeat(slack.deliveries[0])
        await here.quiet()
        await slack.say(here.ana, direct, "my first words", thread_ts=root)
        (said,) = await here.heard(Said)
        await slack.until(lambda: slack.calls_of("assistant.threads.setTitle"))
        await slack.until(lambda: slack.calls_of("assistant.threads.setTitle")[0].status)

    assert [each.text for each in slack.visible(direct, root)][1:] == [
        "Hi! What can I do for you?",
        "my first words",
    ]
    assert slack.prompts(direct, root) == ["Summarise", "Translate"]
    assert said.place.thread == root
    assert slack.world.sessions[direct.id, root].title == "my first words"


async def test_a_thread_is_named_after_its_first_words(slack: FakeSlack) -> None:
    async with ears(slack) as here:
        direct = slack.dm(here.ana)
        ts = await slack.say(here.ana, direct, "Tell me\nabout " + "cats " * 40)
        await slack.until(lambda: slack.calls_of("assistant.threads.setTitle"))
        await slack.say(here.ana, direct, "and dogs", thread_ts=ts)
        await here.heard(Said, 2)
        title = slack.world.sessions[direct.id, ts].title

    assert title == "Tell me about" + " cats" * 13 + "…"
    assert len(slack.calls_of("assistant.threads.setTitle")) == 1


async def test_what_slack_does_not_offer_is_asked_for_once(slack: FakeSlack) -> None:
    slack.workspace.scopes.discard("assistant:write")
    slack.rules.sessions = "feature_disabled"
    async with ears(slack, prompts=PROMPTS) as here:
        for number in range(3):
            await slack.say(here.ana, slack.dm(here.ana), f"hello {number}")
            await here.heard(Said, number + 1)
            await slack.until(lambda: any(each.error for each in slack.calls_of("agents.sessions.rename")))
        await slack.open_home(here.ana)
        await slack.until(lambda: any(each.error for each in slack.calls_of(SUGGEST)))
        await slack.open_home(here.ben)
        await slack.until(lambda: slack.visible(slack.dm(here.ben)))

    for method in ("setTitle", "setSuggestedPrompts"):
        assert len(slack.calls_of(f"assistant.threads.{method}")) == 1
    assert len(slack.calls_of("agents.sessions.rename")) == 1


async def test_another_context_is_acknowledged_and_no_event(slack: FakeSlack) -> None:
    async with ears(slack) as here:
        await slack.change_context(here.ana, here.general)
        await slack.change_context(here.ana, None)
        await here.quiet()

        assert here.inbox.events == []

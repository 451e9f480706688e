"""How people steer the bot on Slack: commands, buttons, forms, the Home tab; over the wire, with the SDK as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bots.slack.events.address import Address
from core.domain import (
    Action,
    Apology,
    Button,
    Command,
    Commanded,
    PassedOver,
    Place,
    PlaceClosed,
    Pressed,
    Said,
)
from tests.fakes import FakeLedger
from tests.platforms.slack import FakeSlack
from tests.slack_ears import Ears, ears

STOP = Button(Action.STOP, "k1", "Stop")
RATING = (Button(Action.GOOD, "k1", "Good answer"), Button(Action.BAD, "k1", "Bad answer"))
WORDS = {"words": {"text": {"type": "plain_text_input", "value": "It was about summer."}}}


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
async def here(slack: FakeSlack) -> AsyncIterator[Ears]:
    async with ears(slack) as opened:
        yield opened


# commands


async def test_a_command_is_answered_to_its_author_alone(slack: FakeSlack, here: Ears) -> None:
    await here.done(await slack.command(here.ana, here.general, "/aivax", "usage"))
    (commanded,) = await here.heard(Commanded)
    await here.answer(commanded.address, "Your questions: 3.")

    assert (commanded.command, commanded.whole_channel) == (Command.USAGE, True)
    assert [each.text for each in here.seen_by(here.ana, here.general)] == ["Your questions: 3."]
    assert here.seen_by(here.ben, here.general) == []


async def test_a_command_works_where_the_bot_is_no_member(slack: FakeSlack, here: Ears) -> None:
    elsewhere = slack.channel("elsewhere", [here.ana], bot=False)
    await here.done(await slack.command(here.ana, elsewhere, "/aivax", "help"))
    (commanded,) = await here.heard(Commanded)
    await here.answer(commanded.address, "Write to me.")

    assert [each.text for each in here.seen_by(here.ana, elsewhere)] == ["Write to me."]


async def test_a_late_answer_to_a_command_comes_as_an_ephemeral_message(slack: FakeSlack, here: Ears) -> None:
    await here.done(await slack.command(here.ana, here.general, "/aivax", "help"))
    (commanded,) = await here.heard(Commanded)
    slack.clock.advance(1_900)
    await here.answer(commanded.address, "Write to me.")

    assert slack.calls_of("chat.postEphemeral")
    assert [each.text for each in here.seen_by(here.ana, here.general)] == ["Write to me."]


async def test_an_answer_to_a_command_whose_look_is_not_taken_comes_as_bare_words(
    slack: FakeSlack, here: Ears
) -> None:
    slack.rules.response_blocks_error = "invalid_blocks"
    await here.done(await slack.command(here.ana, here.general, "/aivax", "help"))
    (commanded,) = await here.heard(Commanded)
    await here.answer(commanded.address, "Write **to me**.")

    assert not slack.calls_of("chat.postEphemeral")
    assert [each.text for each in here.seen_by(here.ana, here.general)] == ["Write to me."]


@pytest.mark.parametrize("code", ["invalid_blocks", "a_new_code"])
async def test_a_late_answer_whose_look_is_not_taken_comes_as_bare_words(
    slack: FakeSlack, here: Ears, code: str
) -> None:
    await here.done(await slack.command(here.ana, here.general, "/aivax", "help"))
    (commanded,) = await here.heard(Commanded)
    slack.clock.advance(1_900)
    slack.fail("chat.postEphemeral", code)
    await here.answer(commanded.address, "Write **to me**.")

    assert [each.text for each in here.seen_by(here.ana, here.general)] == ["Write to me."]


async def test_an_answer_to_a_command_goes_to_no_other_host(slack: FakeSlack, here: Ears) -> None:
    await here.done(await slack.command(here.ana, here.general, "/aivax", "help"))
    (commanded,) = await here.heard(Commanded)
    elsewhere = commanded.address.replace(slack.world.base_url, "http://127.0.0.1:9")
    await here.answer(elsewhere, "Write to me.")

    assert slack.calls_of("chat.postEphemeral")


async def test_a_button_below_such_an_answer_is_answered_there_too(slack: FakeSlack, here: Ears) -> None:
    elsewhere = slack.channel("elsewhere", [here.ana], bot=False)
    await here.done(await slack.command(here.ana, elsewhere, "/aivax", "privacy"))
    (commanded,) = await here.heard(Commanded)
    await here.answer(commanded.address, "This is stored.", [Button(Action.FORGET, "k1", "Delete it")])
    (shown,) = here.seen_by(here.ana, elsewhere)
    await here.done(await slack.click(here.ana, shown, "aivax:forget"))
    (pressed,) = await here.heard(Pressed)
    await here.answer(pressed.address, "Done.")

    assert (pressed.action, pressed.turn) == (Action.FORGET, "k1")
    assert [each.text for each in here.seen_by(here.ana, elsewhere)] == ["This is stored.", "Done."]


@pytest.mark.parametrize("word", ["reset", "stop", "usage", "help", "privacy"])
async def test_the_same_words_are_commands_after_a_mention_in_a_thread(
    slack: FakeSlack, here: Ears, word: str
) -> None:
    root = await slack.say(here.ben, here.general, "plans?")
    await slack.say(here.ana, here.general, f"<@BOT> {word}", thread_ts=root)
    (commanded,) = await here.heard(Commanded)

    assert (commanded.command, commanded.whole_channel) == (Command(word), False)
    assert commanded.place.thread == root


# a question by command


async def test_a_question_by_command_is_shown_to_all_and_answered_below(slack: FakeSlack, here: Ears) -> None:
    await here.done(await slack.command(here.ana, here.general, "/aivax", "ask what is 1 < 2 & @channel?"))
    (said,) = await here.heard(Said)
    await here.answer(said.address, "Yes")
    (question,) = slack.visible(here.general)[:1]

    assert said.text == "what is 1 < 2 & @channel?"
    assert said.place == Place("slack", slack.workspace.id, here.general.id, said.origin)
    assert question.text == "@ana: what is 1 < 2 & @channel?"
    assert question.pings == (f"<@{here.ana.id}>",)
    assert [each.text for each in slack.visible(here.general, said.origin)] == [question.text, "Yes"]


async def test_where_the_bot_may_not_write_a_question_by_command_moves_to_the_direct_messages(
    slack: FakeSlack, here: Ears
) -> None:
    elsewhere = slack.channel("elsewhere", [here.ana], bot=False)
    await here.done(await slack.command(here.ana, elsewhere, "/aivax", "ask who am I?"))
    (said,) = await here.heard(Said)
    await here.answer(said.address, "Ana")
    direct = slack.dm(here.ana)
    (question,) = slack.visible(direct)[:1]

    assert said.place == Place("slack", slack.workspace.id, direct.id, said.origin, private=True)
    assert "#elsewhere" in question.text
    assert question.text.endswith("who am I?")
    assert [each.text for each in slack.visible(direct, said.origin)][-1] == "Ana"


async def test_a_question_that_can_be_put_nowhere_is_not_acknowledged(slack: FakeSlack, here: Ears) -> None:
    slack.fail("chat.postMessage", "restricted_action", times=None)
    asked = await slack.command(here.ana, here.general, "/aivax", "ask who am I?")
    await slack.until(lambda: len(slack.calls_of("chat.postMessage")) == 2)
    slack.clock.advance(4)

    assert asked.timed_out
    assert here.inbox.events == []


# buttons and feedback


async def test_thumbs_stand_below_an_answer_and_a_stop_beside_it(slack: FakeSlack, here: Ears) -> None:
    await slack.say(here.ana, here.general, "<@BOT> hi")
    (said,) = await here.heard(Said)
    await here.answer(said.address, "Hello", [STOP, *RATING])
    shown = slack.visible(here.general, said.origin)[-1]

    assert shown.actions == ("aivax:stop", "aivax:feedback")
    assert shown.blocks[-1]["type"] == "context_actions"

    await here.done(await slack.click(here.ana, shown, "aivax:stop"))
    await here.done(await slack.click(here.ben, shown, "aivax:feedback", value="good/k1"))
    stop, good = await here.heard(Pressed, 2)
    assert (stop.action, good.action) == (Action.STOP, Action.GOOD)
    assert slack.modal(here.ben) is None


async def test_a_thumb_down_opens_a_form_at_once_and_its_comment_comes_with_the_answer_s_key(
    slack: FakeSlack, here: Ears
) -> None:
    await slack.say(here.ana, here.general, "<@BOT> hi")
    (said,) = await here.heard(Said)
    await here.answer(said.address, "Hello", RATING)
    shown = slack.visible(here.general, said.origin)[-1]

    await here.done(await slack.click(here.ben, shown, "aivax:feedback", value="bad/k1"))
    form = await slack.until(lambda: slack.modal(here.ben))
    assert form.body["title"]["text"] == "Sua opinião"
    await here.done(await slack.submit_view(here.ben, WORDS))
    bad, commented = await here.heard(Pressed, 2)
    await here.answer(commented.address, "Thank you")

    assert (bad.text, commented.text) == ("", "It was about summer.")
    assert (commented.action, commented.turn, commented.author) == (Action.BAD, "k1", bad.author)
    assert slack.modal(here.ben) is None
    assert here.seen_by(here.ben, here.general)[-1].text == "Thank you"
    assert here.seen_by(here.ana, here.general)[-1].text != "Thank you"


async def test_a_thumb_down_counts_though_its_form_can_t_be_opened(slack: FakeSlack, here: Ears) -> None:
    await slack.say(here.ana, here.general, "<@BOT> hi")
    (said,) = await here.heard(Said)
    await here.answer(said.address, "Hello", RATING)
    shown = slack.visible(here.general, said.origin)[-1]
    slack.fail("views.open", "expired_trigger_id")

    await here.done(await slack.click(here.ben, shown, "aivax:feedback", value="bad/k1"))

    (bad,) = await here.heard(Pressed)
    assert bad.action is Action.BAD


async def test_a_form_is_not_waited_for(slack: FakeSlack, here: Ears) -> None:
    await slack.say(here.ana, here.general, "<@BOT> hi")
    (said,) = await here.heard(Said)
    await here.answer(said.address, "Hello", RATING)
    slack.hang("views.open")

    await here.done(
        await slack.click(
            here.ben, slack.visible(here.general, said.origin)[-1], "aivax:feedback", value="bad/k1"
        )
    )

    assert await slack.until(lambda: slack.calls_of("views.open"))


async def test_slack_s_own_stop_button_reaches_the_answer(slack: FakeSlack, here: Ears) -> None:
    direct = slack.dm(here.ana)
    await slack.say(here.ana, direct, "hi")
    (said,) = await here.heard(Said)
    async with here.frontend.reply_to(said.address, FakeLedger()) as surface:
        await surface.write("Hello")
        await slack.until(lambda: slack.visible(direct, said.origin)[-1].stream == "live")
        slack.stop_stream(here.ana, direct, slack.visible(direct, said.origin)[-1].ts)
        stops = await here.heard(Pressed, 2)

    assert {each.action for each in stops} == {Action.STOP}
    assert said.place in [each.place for each in stops]


# the message shortcut


async def test_a_question_about_a_message_stands_in_its_thread_with_what_it_is_about(
    slack: FakeSlack, here: Ears
) -> None:
    root = await slack.say(here.ben, here.general, "The <plan>")
    await here.done(await slack.shortcut(here.ana, here.general, root, "ask"))
    form = await slack.until(lambda: slack.modal(here.ana))
    assert form.body["blocks"][0]["element"]["initial_value"] == "Explain this message to me."
    await here.done(
        await slack.submit_view(here.ana, {"words": {"text": {"type": "x", "value": "Is it any good?"}}})
    )
    (said,) = await here.heard(Said)
    around = await here.frontend.surroundings(said.address, 10)
    await here.answer(said.address, "Yes")

    assert said.text == "Is it any good?\n\n> The <plan>"
    assert said.place.thread == root
    assert [each.text for each in around] == ["The <plan>"]
    assert [each.text for each in slack.visible(here.general, root)] == [
        "The <plan>",
        "@ana: Is it any good?",
        "Yes",
    ]


async def test_a_question_about_a_message_out_of_reach_is_answered_directly(
    slack: FakeSlack, here: Ears
) -> None:
    elsewhere = slack.channel("elsewhere", [here.ana, here.ben], bot=False)
    root = await slack.say(here.ben, elsewhere, "The plan")
    await here.done(await slack.shortcut(here.ana, elsewhere, root, "ask"))
    await slack.until(lambda: slack.modal(here.ana))
    await here.done(await slack.submit_view(here.ana, WORDS))
    (said,) = await here.heard(Said)

    assert said.place.private
    assert said.text.endswith("> The plan")
    assert slack.visible(slack.dm(here.ana))[0].text.endswith("The plan")


async def test_another_shortcut_opens_nothing(slack: FakeSlack, here: Ears) -> None:
    root = await slack.say(here.ben, here.general, "The plan")
    await here.done(await slack.shortcut(here.ana, here.general, root, "other"))

    assert not slack.calls_of("views.open")


# the Home tab


HOME = (
    "## What you have used\nYour questions: **3**.\n\n## What is stored of you\nAll of it.\n\n## The language"
)
OFFERS = (
    Button(Action.FORGET, "k1", "Delete"),
    Button(Action.LANGUAGE, "k1", "English", "en"),
    Button(Action.LANGUAGE, "k1", "Português", "pt_BR"),
    Button(Action.LANGUAGE, "k1", "As in my profile"),
)


async def test_the_home_tab_shows_the_page_and_its_buttons_are_pressed_there(
    slack: FakeSlack, here: Ears
) -> None:
    await slack.open_home(here.ana, tab="home")
    (opened,) = await here.heard(Commanded)
    await here.answer(opened.address, HOME, OFFERS)
    page = slack.home(here.ana)
    assert page is not None
    blocks = page.body["blocks"]

    await here.done(await slack.click_home(here.ana, "aivax:language:pt_BR"))
    await here.done(await slack.click_home(here.ana, "aivax:language"))
    chosen, automatic = await here.heard(Pressed, 2)
    await here.answer(chosen.address, "## O que você usou", OFFERS)

    assert (opened.command, Address.parse(opened.address).home) == (Command.HOME, True)
    kinds = ["header", "section", "header", "section", "header", "actions", "actions"]
    assert [block["type"] for block in blocks] == kinds
    assert blocks[1]["text"]["text"] == "Your questions: *3*."
    assert (chosen.action, chosen.turn, chosen.text) == (Action.LANGUAGE, "k1", "pt_BR")
    assert automatic.text == ""
    assert chosen.place == opened.place
    assert page.body["blocks"][0]["text"]["text"] == "O que você usou"


async def test_the_home_tab_shows_why_there_is_no_page(slack: FakeSlack, here: Ears) -> None:

    await slack.open_home(here.ana, tab="home")
    (opened,) = await here.heard(Commanded)
    async with here.frontend.reply_to(opened.address, FakeLedger()) as surface:
        await surface.fail(Apology("Not <now>."))
    page = slack.home(here.ana)

    assert page is not None
    assert page.body["blocks"][0]["text"]["text"] == "Not &lt;now&gt;."


async def test_a_home_tab_that_slack_does_not_take_is_an_error_of_ours(slack: FakeSlack, here: Ears) -> None:

    await slack.open_home(here.ana, tab="home")
    (opened,) = await here.heard(Commanded)
    slack.fail("views.publish", "not_enabled")

    with pytest.raises(PlaceClosed):
        await here.answer(opened.address, HOME)


# what is posted for somebody


NOT_YOU = "I may not answer you."


async def test_a_command_to_ask_is_refused_in_private_and_nothing_is_posted(
    slack: FakeSlack, here: Ears
) -> None:
    here.inbox.refusing = NOT_YOU
    await here.done(await slack.command(here.ana, here.general, "/aivax", "ask Everyone, click here"))

    assert [(each.text, each.only_to) for each in slack.visible(here.general)] == [(NOT_YOU, here.ana.id)]
    assert here.inbox.events == []


async def test_a_form_is_refused_below_its_field_and_stays_open(slack: FakeSlack, here: Ears) -> None:
    ts = await slack.say(here.ben, here.general, "The plan")
    await here.done(await slack.shortcut(here.ana, here.general, ts, "ask"))
    await slack.until(lambda: slack.modal(here.ana))
    here.inbox.refusing = NOT_YOU
    sent = await here.done(await slack.submit_view(here.ana, WORDS))

    assert sent.answer == {"response_action": "errors", "errors": {"words": NOT_YOU}}
    assert slack.modal(here.ana) is not None
    assert len(slack.visible(here.general)) == 1
    assert here.inbox.events == []


async def test_the_core_is_asked_with_all_that_it_will_be_told(slack: FakeSlack, here: Ears) -> None:
    await here.done(await slack.command(here.ana, here.general, "/aivax", "ask who am I?"))
    (said,) = await here.heard(Said)
    (asked,) = here.inbox.asked_for

    assert (asked.author, asked.text) == (said.author, said.text)
    assert (asked.place.channel, asked.place.private) == (here.general.id, False)


async def test_whom_the_bot_may_not_answer_reads_so_instead_of_a_greeting(
    slack: FakeSlack, here: Ears
) -> None:
    here.inbox.refusing = NOT_YOU
    await slack.open_home(here.ana)
    await slack.until(lambda: slack.visible(slack.dm(here.ana)))

    assert [each.text for each in slack.visible(slack.dm(here.ana))] == [NOT_YOU]


HOSTILE = (
    "<http://evil.example|here> [click](http://evil.example) ![x](http://evil.example/x.png) <!channel> <!here> "
    "@channel *bold* `code` # no heading &lt;!everyone&gt; <mailto:a@b.example|me>"
)


async def test_what_is_shown_for_somebody_is_shown_letter_by_letter(slack: FakeSlack, here: Ears) -> None:
    await here.done(await slack.command(here.ana, here.general, "/aivax", f"ask {HOSTILE} <@{here.ben.id}>"))
    await here.heard(Said)
    (question,) = slack.visible(here.general)

    assert question.pings == (f"<@{here.ana.id}>",)
    assert question.unfurls == ()
    assert [each["type"] for each in question.blocks] == ["rich_text"]
    elements = question.blocks[0]["elements"][0]["elements"]
    assert [each["type"] for each in elements] == ["user", "text"]
    assert "[click](http://evil.example)" in question.text
    assert "*bold* `code`" in question.text


@pytest.mark.parametrize("asked", ["ask", "about"])
async def test_what_moves_to_the_direct_messages_is_shown_letter_by_letter_too(
    slack: FakeSlack, here: Ears, asked: str
) -> None:
    elsewhere = slack.channel("elsewhere", [here.ana, here.ben], bot=False)
    root = await slack.say(here.ben, elsewhere, HOSTILE)
    if asked == "ask":
        await here.done(await slack.command(here.ana, elsewhere, "/aivax", f"ask {HOSTILE}"))
    else:
        await here.done(await slack.shortcut(here.ana, elsewhere, root, "ask"))
        await slack.until(lambda: slack.modal(here.ana))
        await here.done(await slack.submit_view(here.ana, WORDS))
    await here.heard(Said)
    question = slack.visible(slack.dm(here.ana))[0]

    assert (question.pings, question.unfurls) == ((), ())
    assert [each["type"] for each in question.blocks] == ["rich_text"]
    assert "[click](http://evil.example)" in question.text


async def test_where_slack_takes_no_blocks_the_words_stand_alone_and_are_harmless(
    slack: FakeSlack, here: Ears
) -> None:
    slack.fail("chat.postMessage", "invalid_blocks")
    await here.done(await slack.command(here.ana, here.general, "/aivax", f"ask {HOSTILE}"))
    await here.heard(Said)
    (question,) = slack.visible(here.general)

    assert question.pings == (f"<@{here.ana.id}>",)
    assert question.unfurls == ()


# what is passed over in silence


async def test_silence_is_counted_by_its_reason(slack: FakeSlack, here: Ears) -> None:
    await slack.say(here.ana, here.general, "just talking")
    await slack.bot_says(here.general, "<@BOT> hi from a bot")
    ts = await slack.say(here.ana, here.general, "<@BOT> hi")
    (said,) = await here.heard(Said)
    await here.answer(said.address, "Hello")
    await slack.unfurl(here.general, ts)
    await slack.until(lambda: here.inbox.passed[PassedOver.EMPTY])
    await here.quiet()

    assert here.inbox.passed[PassedOver.NOT_ADDRESSED] == 1
    assert here.inbox.passed[PassedOver.BOT] >= 1
    assert here.inbox.passed[PassedOver.OWN] >= 1
    assert here.inbox.passed[PassedOver.STRANGER] == 0

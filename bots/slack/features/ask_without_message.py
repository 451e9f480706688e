"""Questions that are asked without a message: by the slash command, and by the form of the message shortcut.

Neither shows anything in Slack. So the question is put there first, for everyone to see: in the channel, or in the
thread that it is about. It is answered below it, and who reads along can go on. Where the bot may not write, it is put
into the asker's direct messages, with a word on where it came from.

The bot says these words under its own name: so the core is asked before whether it would take them, and they are shown
letter by letter, without a link, a mention or a preview in them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bots.slack.delivery.messages import direct_channel, message_content, post
from bots.slack.delivery.rich_text import HERE, attributed_message, quoted_message
from bots.slack.events.address import PLATFORM, Address
from bots.slack.events.form_modals import Filled, filled, refused_at
from bots.slack.events.interactions import COMMAND_IDS, question
from bots.slack.events.message_reader import attachment_of
from bots.slack.events.modals import WORDS_BLOCK, About, asked_about
from bots.slack.events.mrkdwn import from_mrkdwn
from bots.slack.events.payloads import text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.error_mapping import REFUSALS
from core.domain import Attachment, Author, Capability, Identity, OutcomeUnknown, Place, Said, Translator
from core.i18n import Phrase, spoken_capability
from core.util.log import log

_WITHIN_S = 2.2
"""Slack waits three seconds for the acknowledgement, which comes when the question is stored."""


Ack = dict[str, Any]
"""What goes back with an acknowledgement: docs.slack.dev, "Responding to commands", "Displaying errors in views"."""


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question on its way to where it can be answered."""

    key: str
    team: str
    user: str
    user_team: str
    channel: str
    """`""`: their direct messages with the bot."""
    text: str
    thread: str = ""
    """The thread that it is asked in; `""`: none."""
    quote: str = ""
    """The message that it is about; `""`: none."""
    files: tuple[Attachment, ...] = ()
    """The files of that message."""
    is_command: bool = False
    """Whether it begins with a capability's word, which is meant as such."""

    @property
    def whole_text(self) -> str:
        """The question with a quote of the message that it is about; a command is marked as one."""
        if self.is_command:
            return f"/{self.text}"
        quote = "\n".join(f"> {line}" for line in self.quote.splitlines())
        return f"{self.text}\n\n{quote}" if quote else self.text


def asked_question(
    payload: Mapping[str, Any], capabilities: Sequence[Capability] = ()
) -> AskedQuestion | None:
    """Read a question that was asked by command or form; None of anything else."""
    if form := asked_about(payload):
        return _by_form(payload, *form)
    team, channel, user, trigger = (text_of(payload, name) for name in COMMAND_IDS)
    if submitted := filled(payload, capabilities):
        return _by_filled_form(payload, submitted)
    asked = question(payload, capabilities)
    if not (team and user and channel and trigger and asked):
        return None
    key, words = f"slack:{team}:command:{trigger}", from_mrkdwn(text_of(payload, "text"))
    is_command = spoken_capability(capabilities, words) is not None  # else it is `ask` and a question
    return AskedQuestion(key, team, user, team, channel, asked, is_command=is_command)


def _by_form(payload: Mapping[str, Any], about: About, text: str) -> AskedQuestion | None:
    team, user, view = (text_of(payload.get(part), "id") for part in ("team", "user", "view"))
    if not (team and user and view):
        return None
    key, user_team = f"slack:{team}:form:{view}", text_of(payload.get("user"), "team_id") or team
    files = tuple(attachment_of({"id": file}, team) for file in about.files)
    return AskedQuestion(key, team, user, user_team, about.channel, text, about.thread, about.quote, files)


def _by_filled_form(payload: Mapping[str, Any], form: Filled) -> AskedQuestion | None:
    team, user, view = (text_of(payload.get(part), "id") for part in ("team", "user", "view"))
    if not (team and user and view):
        return None
    key, user_team = f"slack:{team}:form:{view}", text_of(payload.get("user"), "team_id") or team
    return AskedQuestion(key, team, user, user_team, form.where.channel, form.words, form.where.thread)


def refusal_ack(payload: Mapping[str, Any], sentence: str) -> Ack:
    """Tell in private why a question is not asked: below the form's field, which stays open, or below the command."""
    if (ack := refused_at(payload, sentence)) is not None:
        return ack
    if text_of(payload, "type") == "view_submission":
        return {"response_action": "errors", "errors": {WORDS_BLOCK: sentence}}
    return {"response_type": "ephemeral", **message_content(sentence)}


async def post_question(asked: AskedQuestion, api: SlackApi, translator: Translator) -> Said:
    """Show the question where it was asked, or else in the asker's direct messages; what the core is told of it.

    Raises:
        PlatformError: it could be shown nowhere.
        TimeoutError: not in the time that Slack gives.
    """
    async with asyncio.timeout(_WITHIN_S):
        try:
            content = attributed_message(asked.user, asked.text)
            there = asked.channel or await direct_channel(api, asked.user)
            here, ts = await _post(api, there, content, asked.thread)
        except REFUSALS as exc:
            log.info("slack.question_moved", channel=asked.channel, code=exc.code)
            asked = replace(asked, thread="")
            why = translator.say(Phrase.ANSWERED_HERE, where=HERE)
            content = quoted_message(asked.channel, why, asked.text, asked.quote)
            here, ts = await _post(api, await direct_channel(api, asked.user), content, "")
    return as_said(asked, here, ts)


def as_said(asked: AskedQuestion, channel: str, ts: str = "") -> Said:
    """The question as the core is told of it; without a `ts`, as it would be before anything of it is shown."""
    thread, direct = asked.thread or ts, not channel or channel.startswith("D")
    author = Author(Identity(PLATFORM, asked.team, asked.user))
    there = Address(channel, asked.team, thread, ts, asked.user, asked.user_team, direct=direct)
    place = Place(PLATFORM, asked.team, channel, thread, private=direct)
    return Said((asked.key,), author, place, asked.whole_text, str(there), ts, asked.files)


async def _post(api: SlackApi, channel: str, content: dict[str, Any], thread: str) -> tuple[str, str]:
    """Post, and tell in which channel and with which ts the message stands."""
    posted = await post(api, channel, thread, content, mrkdwn=False)
    there, ts = text_of(posted, "channel") or channel, text_of(posted, "ts")
    if not ts:
        raise OutcomeUnknown(PLATFORM, code="unparsable", detail="chat.postMessage told no ts")
    return there, ts

"""The order of `init`: what is to be set up, AIVAX, each platform, where operators are told, and a test message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bots.setting_rules.reading import SettingsRefused
from bots.setup.answers import FromFile
from bots.setup.gateway import KEY, ask_for_gateway
from bots.setup.interview import Conversation, PlatformPart, refusal_of
from bots.setup.ports import AnswerRefusedError, Choice, PlatformSetup, Question
from core.domain import SettingRefused
from core.i18n import Phrase
from core.i18n.translators import Translators

AIVAX, OPERATORS = "aivax", "operators"
PLATFORMS, CHANGE, CHANNEL = "platforms", "change", "operators.channel"
LOG_ALONE, AGAIN = "none", "again"
CHANNEL_HELP = "A channel for alerts to who runs the bot, as platform:id. Empty: the log alone."


@dataclass(frozen=True, slots=True)
class Guide:
    """Leads through the conversation. `setups` are those of the platforms that bring one."""

    conversation: Conversation
    setups: Mapping[str, PlatformSetup]

    @property
    def names(self) -> Sequence[str]:
        """All that may ever be asked for, by the names that an answers file has."""
        own = [f"{name}.{key}" for name, setup in self.setups.items() for key in setup.keys]
        return [PLATFORMS, KEY.name, "aivax.model", *own, CHANNEL]

    async def lead(self) -> None:
        """Ask for everything, or for what is to be changed.

        Raises:
            SettingRefused: an answer is missing, unknown, or does not do where nobody can give another one.
        """
        answers = self.conversation.answers
        if isinstance(answers, FromFile):
            answers.check_names(self.names)
        parts = await (self._whole() if self.conversation.file.is_new else self._to_change())
        if AIVAX in parts:
            await ask_for_gateway(self.conversation)
        for name, setup in self.setups.items():
            if name in parts:
                await setup.interview(PlatformPart(self.conversation, name))
        if OPERATORS in parts:
            await self._ask_for_channel()
        if isinstance(answers, FromFile):
            answers.check_all_used()

    async def _whole(self) -> Sequence[str]:
        question = Question(
            PLATFORMS, "Where is the bot to answer?", choices=self._platforms, takes_many=True
        )
        return [AIVAX, *await self._ask_for_parts(question), OPERATORS]

    async def _to_change(self) -> Sequence[str]:
        """With an answers file, that which it has answers for."""
        answers = self.conversation.answers
        if isinstance(answers, FromFile):
            given = {name.partition(".")[0] for name in answers.given}
            listed = await self._named(answers) if PLATFORMS in given else ()
            return [*given, *listed]
        choices = (
            Choice(AIVAX, "AIVAX: the key and the gateway"),
            *self._platforms,
            Choice(OPERATORS, "Where operators are told"),
        )
        text = f"{self.conversation.file.path} is there. What is to be changed? All else stays as it is."
        return await self._ask_for_parts(Question(CHANGE, text, choices=choices, takes_many=True))

    @property
    def _platforms(self) -> tuple[Choice, ...]:
        return tuple(Choice(name, setup.title) for name, setup in self.setups.items())

    async def _named(self, answers: FromFile) -> Sequence[str]:
        return await self._ask_for_parts(
            Question(PLATFORMS, "Where is the bot to answer?", choices=self._platforms, takes_many=True)
        )

    async def _ask_for_parts(self, question: Question) -> Sequence[str]:
        self.conversation.asked += 1
        known = [each.value for each in question.choices]
        while True:
            given = await self.conversation.answers.give(question, is_set=False)
            named = [given] if isinstance(given, str) else list(given)
            if named and set(named) <= set(known):
                return named
            refused = AnswerRefusedError("choose one or more", f"of {', '.join(known)}")
            self.conversation.answers.refuse(question, refused)

    # where operators are told

    async def _ask_for_channel(self) -> None:
        """Ask for the operators' channel; the choices are read anew as often as somebody likes."""
        conversation = self.conversation
        if conversation.variable(CHANNEL):
            return
        conversation.asked += 1
        while True:
            question = await self._about_channel()
            given = str(await conversation.answers.give(question, is_set=conversation.is_set(CHANNEL)) or "")
            if given == AGAIN and not isinstance(conversation.answers, FromFile):
                continue
            try:
                await self._keep_channel(given)
            except (AnswerRefusedError, SettingsRefused) as error:
                conversation.changes.pop((OPERATORS, "channel"), None)
                conversation.answers.refuse(question, refusal_of(error))
            else:
                return

    async def _about_channel(self) -> Question:
        found: list[Choice] = []
        for name, setup in self._set_up().items():
            try:
                listed = await setup.channels(self.conversation.settings.frontend(name))
            except AnswerRefusedError as refused:
                self.conversation.answers.say(f"  {setup.title}: {refused.why}")
            else:
                found += [Choice(f"{name}:{each.value}", f"{setup.title}, {each.label}") for each in listed]
        return Question(
            CHANNEL,
            "In which channel are you told what you must know of the bot? (another one: platform:id)",
            CHANNEL_HELP,
            choices=(
                *found,
                Choice(LOG_ALONE, "in none: the log alone"),
                Choice(AGAIN, "look again, after the bot was invited somewhere"),
            ),
            takes_others=True,
        )

    async def _keep_channel(self, given: str) -> None:
        """Keep a channel that a test message could be posted in and found."""
        conversation = self.conversation
        if given == LOG_ALONE:
            if conversation.is_set(CHANNEL):
                conversation.changes[OPERATORS, "channel"] = ""
            return
        if given:
            conversation.changes[OPERATORS, "channel"] = given
            conversation.comments[OPERATORS, "channel"] = CHANNEL_HELP
        elif not conversation.is_set(CHANNEL):
            raise AnswerRefusedError("an answer is needed", f"`{LOG_ALONE}`: the log alone")
        name, _, channel = self._channel().partition(":")
        setup = self._set_up().get(name)
        if setup is None or not channel.strip():
            known = " or ".join(f"{each}:ID" for each in self._set_up())
            raise AnswerRefusedError("that names no channel of a platform that is set up", f"write {known}")
        where = await setup.post(conversation.settings.frontend(name), channel.strip(), self._greeting())
        conversation.answers.say(
            f"  A test message was posted in {where} ({setup.title}), and found there again."
        )

    def _channel(self) -> str:
        values = self.conversation.file.with_changes(self.conversation.changes)
        return str(values.get(OPERATORS, {}).get("channel", ""))

    def _set_up(self) -> dict[str, PlatformSetup]:
        settings = self.conversation.settings
        return {
            name: setup
            for name, setup in self.setups.items()
            if getattr(settings.frontend(name), "wanted", False)
        }

    def _greeting(self) -> str:
        replies = self.conversation.settings.replies
        return Translators(replies.locale, replies.sentences).of("").say(Phrase.SETUP_TEST)


def setups_of(plugins: Mapping[str, object]) -> dict[str, PlatformSetup]:
    """What the installed platforms bring to `init`.

    Raises:
        SettingRefused: none of them brings anything.
    """
    brought = {name: getattr(plugin, "setup", None) for name, plugin in plugins.items()}
    found = {name: bring() for name, bring in brought.items() if bring is not None}
    if not found:
        raise SettingRefused("platforms", fix="no installed package brings one that can be set up")
    return found

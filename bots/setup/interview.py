"""The conversation of `init`: each answer is tried, what does is kept, and nothing is written before the last one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bots.frontends import Plugin
from bots.setting_rules.environment import PREFIX
from bots.setting_rules.origins import Origins
from bots.setting_rules.reading import SettingsRefused
from bots.settings import Settings, settled
from bots.setup.answers import Answer, Answers
from bots.setup.config_file import ConfigFile
from bots.setup.ports import AnswerRefusedError, Question, Trial
from core.domain import SettingRefused, Translator
from core.i18n.translators import Translators

MOST_REFUSALS = 50
"""So often one answer may be refused; a pipe that never ends is not read for ever."""


@dataclass(slots=True)
class Conversation:
    """What is set by now: the file, the answers over it, and the environment over both."""

    file: ConfigFile
    plugins: Mapping[str, Plugin]
    environment: Mapping[str, str]
    answers: Answers
    changes: dict[tuple[str, str], Any] = field(default_factory=dict)
    comments: dict[tuple[str, str], str] = field(default_factory=dict)
    asked: int = 0
    """How many questions somebody had to answer."""

    @property
    def settings(self) -> Settings:
        """All of it, judged.

        Raises:
            SettingsRefused: with every problem.
        """
        values = copy.deepcopy(self.file.with_changes(self.changes))
        return settled(self.plugins, values, self.environment, len, Origins(), self.file.path)

    def is_set(self, name: str) -> bool:
        """Whether a setting has a value that is not empty, in the file or by an answer."""
        section, _, key = name.partition(".")
        values = self.file.with_changes(self.changes).get(section)
        return bool(isinstance(values, dict) and values.get(key))

    def variable(self, name: str) -> str:
        """The environment's variable that gives a setting; `""`: none does."""
        written = f"{PREFIX}{name.replace('.', '__')}".upper()
        present = {each.upper(): each for each in self.environment}
        return present.get(written) or present.get(f"{written}_FILE") or ""

    async def ask(self, question: Question, trial: Trial | None = None) -> None:
        """Ask for one setting until it does; one that the environment gives is only tried."""
        section, _, key = question.name.partition(".")
        if variable := self.variable(question.name):
            await self._try_given(section, variable, trial)
            return
        self.asked += 1
        before, last = self.changes.get((section, key)), ""
        for _ in range(MOST_REFUSALS):
            given = await self.answers.give(question, is_set=self.is_set(question.name)) or last
            try:
                self._keep(question, given)
                found = await trial(self.settings.frontend(section)) if trial else ""
            except (AnswerRefusedError, SettingsRefused) as error:
                refused = refusal_of(error)
                last = given if refused.passing and isinstance(given, str) else ""
                self._undo((section, key), before)
                self.answers.refuse(question, refused)
            else:
                self.comments[section, key] = question.help
                if found:
                    self.answers.say(f"  {question.name}: {found}")
                return
        raise SettingRefused(question.name, fix=f"no answer did, of {MOST_REFUSALS}")

    def _keep(self, question: Question, given: Answer) -> None:
        section, _, key = question.name.partition(".")
        value = given or ("" if self.is_set(question.name) else question.default)
        if not value and self.is_set(question.name):
            return
        if not value:
            raise AnswerRefusedError("an answer is needed", question.help)
        known = {each.value for each in question.choices}
        if known and not question.takes_others and value not in known:
            raise AnswerRefusedError("that is none of the choices", f"one of {', '.join(sorted(known))}")
        self.changes[section, key] = value

    def _undo(self, name: tuple[str, str], before: Any) -> None:
        self.changes.pop(name, None)
        if before is not None:
            self.changes[name] = before

    async def _try_given(self, section: str, variable: str, trial: Trial | None) -> None:
        try:
            found = await trial(self.settings.frontend(section)) if trial else ""
        except AnswerRefusedError as refused:
            fix = f"{refused.why}; {refused.cure}" if refused.cure else refused.why
            raise SettingRefused(variable, fix=fix) from None
        self.answers.say(f"  {variable} is set in the environment{f': {found}' if found else ''}")


def refusal_of(error: AnswerRefusedError | SettingsRefused) -> AnswerRefusedError:
    """Why an answer does not do, where the settings refuse it too."""
    if isinstance(error, AnswerRefusedError):
        return error
    problem = error.problems[0]
    return AnswerRefusedError(f"{problem.setting} can't be that", problem.fix)


@dataclass(frozen=True, slots=True)
class PlatformPart:
    """The conversation as one platform has it: `bots.setup.ports.Interview`."""

    conversation: Conversation
    platform: str

    @property
    def section(self) -> Any:
        """The platform's section as far as it is known."""
        return self.conversation.settings.frontend(self.platform)

    @property
    def translator(self) -> Translator:
        """The bot's own sentences, in the language of the configuration."""
        replies = self.conversation.settings.replies
        return Translators(replies.locale, replies.sentences).of("")

    def say(self, text: str) -> None:
        """Show a paragraph."""
        self.conversation.answers.say(text)

    async def ask(self, question: Question, trial: Trial | None = None) -> None:
        """Ask for one setting until it does."""
        await self.conversation.ask(question, trial)

"""What a person tells the bot to do, and the pages that it shows them about themselves."""

from __future__ import annotations

from datetime import timedelta

from core.admission.quotas import Limits
from core.conversations.directory import Directory
from core.domain import Action, Command, Commanded, Translator
from core.i18n import Phrase, RightsPhrase
from core.ingest.model_choice import Models
from core.rights.export import EXPORT
from core.rights.privacy import PrivacyPage
from core.storage.turns.intake import IntakeTransaction


class Commands:
    """Carries commands out; each ends in a sentence, or a page, to the person who gave it."""

    def __init__(
        self,
        directory: Directory,
        limits: Limits,
        models: Models,
        privacy: PrivacyPage,
        *,
        export_every_h: float = 1.0,
        why_not_remotely: Phrase | None = Phrase.FORGET_OTHER_SERVER,
    ) -> None:
        """`export_every_h`: one person is sent their data once in so many hours; 0: whenever they ask.

        `why_not_remotely`: why what AIVAX keeps of people stays there; None: `core.rights` deletes it, too.
        """
        self._models = models
        self._directory = directory
        self._limits = limits
        self._privacy = privacy
        self._export_every = timedelta(hours=export_every_h)
        self.why_not_remotely = why_not_remotely

    async def obey(
        self, transaction: IntakeTransaction, commanded: Commanded, identity_id: int, translator: Translator
    ) -> tuple[int, ...]:
        """Do it, and queue the answer; the conversations that have work now."""
        if commanded.command is Command.EXPORT and await self._may_export(transaction, identity_id):
            here = await self._directory.find_for_notices(transaction, commanded.place, identity_id)
            turn = (here, identity_id, commanded.address)
            await transaction.add_turn(*turn, awaited=commanded.awaited, capability=EXPORT)
            return (here,)
        others: tuple[int, ...] = ()
        if commanded.command is Command.STOP:  # the answers' conversations before the bot's own beside them
            others, told = await self._stop(transaction, commanded, identity_id, translator)
        if commanded.command is Command.RESET:
            here = await self._directory.open_anew(
                transaction, commanded.place, identity_id, whole_channel=commanded.whole_channel
            )
        else:
            here = await self._directory.find_for_notices(transaction, commanded.place, identity_id)
        if commanded.command is not Command.STOP:
            told = await self._told(transaction, commanded, identity_id, translator)
        offers = OFFERS.get(commanded.command, ())
        await transaction.add_turn(here, identity_id, commanded.address, notice=told, offers=offers)
        return (*others, here)

    async def _stop(
        self, transaction: IntakeTransaction, commanded: Commanded, identity_id: int, translator: Translator
    ) -> tuple[tuple[int, ...], str]:
        stopped = await transaction.changes.stop(
            identity_id, commanded.place, whole_channel=commanded.whole_channel
        )
        return stopped.running_in, translator.say(Phrase.STOP_DONE if stopped.turns else Phrase.STOP_NOTHING)

    async def _told(
        self, transaction: IntakeTransaction, commanded: Commanded, identity_id: int, translator: Translator
    ) -> str:
        match commanded.command:
            case Command.RESET:
                return translator.say(Phrase.RESET_DONE)
            case Command.USAGE:
                return await self._limits.usage(transaction, identity_id, translator)
            case Command.MODEL:
                return await self._models.obey(transaction, commanded, translator)
            case Command.PRIVACY:
                return self._privacy.told(translator)
            case Command.EXPORT:
                span = translator.duration(self._export_every.total_seconds())
                return translator.say(RightsPhrase.EXPORT_TOO_SOON, span=span)
            case Command.FORGET:
                words = translator.say(RightsPhrase.FORGET_WORDS)
                return translator.say(RightsPhrase.FORGET_ASKED, words=words)
            case Command.HOME:
                return await self.home(transaction, identity_id, translator)
            case _:
                return self._help(commanded, translator)

    def _help(self, commanded: Commanded, translator: Translator) -> str:
        """What people can have the bot do; what is the operators' alone, they alone are told of."""
        is_operator = self._limits.is_operator(commanded.author)
        lines = [
            f"- `{translator.say(each.word)}`: {translator.say(each.description)}"
            for each in self._limits.capabilities
            if is_operator or not each.operators_only
        ]
        more = ["", translator.say(Phrase.CAPABILITIES_HELP), *lines] if lines else []
        return "\n".join([translator.say(Phrase.HELP), *more])

    async def _may_export(self, transaction: IntakeTransaction, identity_id: int) -> bool:
        """Whether a person is sent their data now; it counts as sent then."""
        if not self._export_every:
            return True
        account = min(await transaction.persons_of(identity_id))
        return await transaction.first_within(f"export:{account}", self._export_every)

    async def home(
        self, transaction: IntakeTransaction, identity_id: int, translator: Translator, *, first: str = ""
    ) -> str:
        """The page about a person: use, language, what is stored."""
        usage = await self._limits.usage(transaction, identity_id, translator)
        parts = [
            *([first] if first else []),
            f"## {translator.say(Phrase.HOME_USAGE)}\n{usage}",
            f"## {translator.say(Phrase.HOME_PRIVACY)}\n{self._privacy.told(translator)}",
            f"## {translator.say(Phrase.HOME_LANGUAGE)}",
        ]
        return "\n\n".join(parts)


OFFERS = {
    Command.PRIVACY: (Action.FORGET,),
    Command.FORGET: (Action.FORGET,),
    Command.HOME: (Action.FORGET, Action.LANGUAGE),
}
"""The buttons below what a command is answered with."""

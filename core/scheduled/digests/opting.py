"""`digests off`: what somebody writes is left out of digests."""

from __future__ import annotations

from dataclasses import replace

from core.conversations.capabilities import CapabilityRun
from core.domain import Capability, Identity
from core.forms.inputs import NO, YES
from core.i18n import ScheduledPhrase
from core.markdown.literal import code
from core.storage.scheduled.left_out import ANYWHERE, LeftOutStore

ON, OFF = "on", "off"


def is_choice(words: str) -> bool:
    """Whether what stands behind the word is meant for it: `digests of last year?` is a question."""
    return not words.strip() or words.strip().casefold() in YES | NO | {ON, OFF}


class DigestsHandler:
    """Tells and changes whether somebody's words are summarised."""

    capability = Capability(
        "digests",
        ScheduledPhrase.DIGESTS_NAME,
        ScheduledPhrase.DIGESTS_COMMAND,
        takes="words",
        alone=True,
        argument=ScheduledPhrase.DIGESTS_ARGUMENT,
        argument_help=ScheduledPhrase.DIGESTS_ARGUMENT_HELP,
        private=True,
        free=True,
        fits=is_choice,
    )

    def __init__(self, store: LeftOutStore) -> None:
        self._store = store

    async def run(self, run: CapabilityRun) -> None:
        """See `core.conversations.capabilities.CapabilityHandler`."""
        who, word = _who(run), run.words.strip().casefold()
        if word in {OFF, *NO}:
            await self._store.leave_out(who)
        elif word in {ON, *YES}:
            await self._store.take_in(who)
        out = await self._store.among(who.platform, who.workspace, [who.user], only_agreed=False)
        name = run.translator.say(ScheduledPhrase.DIGESTS_NAME)
        if out:
            await run.write(run.translator.say(ScheduledPhrase.DIGESTS_ARE_OUT, on=code(f"{name} {ON}")))
        else:
            await run.write(run.translator.say(ScheduledPhrase.DIGESTS_ARE_IN, off=code(f"{name} {OFF}")))


def _who(run: CapabilityRun) -> Identity:
    """Who asks; where one id is one person in every workspace, it counts in all of them."""
    who = run.turn.author.identity
    return replace(who, workspace=ANYWHERE) if run.frontend.ids_are_global else who

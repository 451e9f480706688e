"""What `doctor` asks of people's data at AIVAX: whether it could be deleted, were somebody to ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from core.aivax.client import AivaxClient
from core.aivax.personal.memories import Memories
from core.aivax.personal.owners import Source
from core.aivax.personal.records import Records
from core.aivax.personal.shell_files import ShellFiles
from core.domain import AddressWrong, AivaxError, KeyRefused, NoBalance, SettingRefused, Unavailable
from core.domain.checks import Finding, failed, ok, unknown, warning
from core.i18n import Phrase
from core.rights.possible import why_not
from core.settings import AivaxSettings

CHECK = "rights.deletion"
_NOBODY = "aivax-bots-doctor"
"""An external user id that is nobody's: it is looked for, and nothing is deleted."""
TOLD_ELSEWHERE = (AddressWrong, KeyRefused, NoBalance, Unavailable)
"""What stands in the way of everything: one line of `doctor` says so, and what to do."""
_CURES = {
    Phrase.FORGET_LOCAL_ONLY: "set [aivax] forget_remotely = true, or delete there by hand what people ask for",
    Phrase.FORGET_PUBLIC_KEY: "use a private key (sk-aiv-acc), or delete there by hand what people ask for",
}


@dataclass(frozen=True, slots=True)
class RightsCheck:
    """Looks once at each kind of data that AIVAX keeps of people."""

    aivax: AivaxSettings
    name: str = "rights"

    async def run(self) -> list[Finding]:
        reason = why_not(self.aivax)
        if reason is Phrase.FORGET_OTHER_SERVER:
            return [unknown(CHECK, "what this server keeps of people can't be deleted from here")]
        if reason is not None:
            return [warning(CHECK, "who asks to be forgotten is not forgotten at AIVAX", _CURES[reason])]
        try:
            async with AivaxClient(self.aivax.model_copy(update={"tries": 1})) as aivax:
                sources: dict[str, Source] = {
                    "memories": Memories(aivax.knowledge),
                    "logged conversations": Records(aivax.admin),
                    "files of the shell": ShellFiles(aivax.admin),
                }
                errors = await asyncio.gather(*map(_reached, sources.values()))
                return _told(dict(zip(sources, errors, strict=True)))
        except SettingRefused as refused:
            return [failed(self.name, str(refused), refused.fix)]


async def _reached(source: Source) -> AivaxError | None:
    try:
        await source.reach(_NOBODY)
    except AivaxError as error:
        return error
    return None


def _told(errors: Mapping[str, AivaxError | None]) -> list[Finding]:
    if all(isinstance(error, TOLD_ELSEWHERE) for error in errors.values()):
        return [unknown(CHECK, "nothing of people at AIVAX can be looked at: see aivax.*")]
    cure = "look at the key; until then people are told that some of it may be left"
    return [
        warning(CHECK, f"{what} of people at AIVAX can't be looked at: {error}", cure)
        if error
        else ok(CHECK, f"{what} of people at AIVAX can be deleted")
        for what, error in errors.items()
    ]

"""`learnt` lists what was learnt, `unlearn` forgets it: at AIVAX, then here."""

from __future__ import annotations

from collections.abc import Sequence

from core.conversations.capabilities import CapabilityRun
from core.domain import AivaxError, Capability, Place
from core.i18n import Phrase
from core.knowledge.learning.documents import name_of
from core.knowledge.learning.lesson import Lessons
from core.knowledge.learning.settings import SETTING, Into
from core.knowledge.learning.telling import bar, linked, quoted
from core.storage.learnt.follow_ups import FollowUps, Wanted
from core.storage.learnt.store import Learnt, LearntStore
from core.util.log import log

MOST_LISTED = 100


class ListLearnt:
    """Carries `learnt` out."""

    capability = Capability(
        "learnt", Phrase.LEARNT_WORD, Phrase.LEARNT_DESCRIPTION, private=True, operators_only=True
    )

    def __init__(self, store: LearntStore, into: Into) -> None:
        self._store = store
        self._into = into

    async def run(self, run: CapabilityRun) -> None:
        say, collection = run.translator.say, self._into(run.turn.place)
        if not collection:
            return await run.write(say(Phrase.LEARN_NOWHERE, setting=SETTING))
        found = await self._store.all([collection])
        if not found:
            return await run.write(say(Phrase.LEARNT_NOTHING))
        newest = list(reversed(found))
        lines = [f"- {_entry(each, run)}" for each in newest[:MOST_LISTED]]
        if rest := len(newest) - len(lines):
            lines.append(say(Phrase.LEARNT_MORE, rest=rest))
        return await run.write("\n".join([say(Phrase.LEARNT_HEAD), "", *lines]))


def _entry(learnt: Learnt, run: CapabilityRun) -> str:
    name, author = linked(learnt.source), quoted(name_of(learnt.by) or "?")
    if learnt.learnt_at is None or learnt.sent < learnt.pieces:
        values = {"name": name, "done": learnt.sent, "total": learnt.pieces, "author": author}
        return run.translator.say(Phrase.LEARNT_PART, **values)
    when = learnt.learnt_at.date().isoformat()
    return run.translator.say(Phrase.LEARNT_ENTRY, name=name, count=learnt.pieces, when=when, author=author)


class Unlearn:
    """Carries `unlearn` out. What AIVAX can't be told of now is forgotten as soon as it is reached again."""

    capability = Capability(
        "unlearn",
        Phrase.UNLEARN_WORD,
        Phrase.UNLEARN_DESCRIPTION,
        takes="words",
        argument=Phrase.UNLEARN_ARGUMENT,
        argument_help=Phrase.UNLEARN_ARGUMENT_HELP,
        operators_only=True,
    )

    def __init__(self, store: LearntStore, follow_ups: FollowUps, lessons: Lessons, into: Into) -> None:
        self._store = store
        self._follow_ups = follow_ups
        self._lessons = lessons
        self._into = into

    async def run(self, run: CapabilityRun) -> None:
        say, name = run.translator.say, name_of(run.words.strip().strip("`"))
        word, listed = say(Phrase.UNLEARN_WORD), say(Phrase.LEARNT_WORD)
        if not name:
            return await run.write(say(Phrase.UNLEARN_USE, word=word, list=listed))
        found = named(await self._store.all([self._into(run.turn.place)]), name, run.turn.place)
        if not found:
            return await run.write(say(Phrase.UNLEARN_UNKNOWN, name=quoted(name), list=listed))
        if len(found) > 1:
            return await run.write(say(Phrase.UNLEARN_SEVERAL, name=quoted(name)))
        return await self._forget(found[0], run)

    async def _forget(self, learnt: Learnt, run: CapabilityRun) -> None:
        name = quoted(learnt.source.name)

        async def told(done: int, total: int) -> None:
            values = {"name": name, "bar": bar(done, total), "done": done, "total": total}
            await run.status(run.translator.say(Phrase.LEARN_FORGETTING, **values))

        await self._follow_ups.want(learnt.id, Wanted.FORGET)  # so that a crash leaves it to be done
        try:
            count = await self._lessons.forget(learnt, told)
        except AivaxError as error:
            log.warning("knowledge.not_forgotten_yet", cause=str(error))
            await run.write(run.translator.say(Phrase.UNLEARN_LATER, name=name))
        else:
            await run.write(run.translator.say(Phrase.UNLEARN_DONE, name=name, count=count))


def named(learnt: Sequence[Learnt], name: str, here: Place) -> Sequence[Learnt]:
    """What is called so, case aside; where several are, those that were learnt in this channel."""
    found = [each for each in learnt if each.source.name.casefold() == name.casefold()]
    if len(found) < 2:
        return found
    near = [
        each
        for each in found
        if (each.source.place.workspace, each.source.place.channel) == (here.workspace, here.channel)
    ]
    return near or found

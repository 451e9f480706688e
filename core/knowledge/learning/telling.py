"""What people read of learning: how far it is, what came of it, and why something was left out."""

from __future__ import annotations

from core.domain import NoBalance, Translator
from core.i18n import Phrase
from core.knowledge.learning.extraction import NotLearnt, Unlearnable
from core.knowledge.learning.lesson import Outcome
from core.markdown.links import as_link, safe_address
from core.storage.learnt.store import Source

BAR_CELLS = 10
NAME_CHARS = 100
_FULL, _EMPTY = "▰", "▱"
_WHY = {
    Unlearnable.KIND: Phrase.LEARN_NO_KIND,
    Unlearnable.EMPTY: Phrase.LEARN_NO_TEXT,
    Unlearnable.TOO_LARGE: Phrase.LEARN_TOO_LARGE,
    Unlearnable.TOO_MANY_PAGES: Phrase.LEARN_TOO_MANY_PAGES,
    Unlearnable.PROTECTED: Phrase.LEARN_PROTECTED,
    Unlearnable.UNREADABLE: Phrase.LEARN_UNREADABLE,
    Unlearnable.GONE: Phrase.LEARN_GONE,
    Unlearnable.NOT_FETCHED: Phrase.LEARN_GONE,
}
_MB = 1_000_000


def bar(done: int, total: int) -> str:
    """Draw how much of something is done."""
    full = BAR_CELLS * min(done, total) // total if total > 0 else 0
    return _FULL * full + _EMPTY * (BAR_CELLS - full)


def quoted(name: str) -> str:
    """A name that somebody chose, as code: nothing in it is read as markup, and it mentions nobody."""
    return f"`{name.replace('`', chr(0x2019))}`"


def linked(source: Source) -> str:
    """A source's name, as a link to where it was learnt from, where people find that."""
    return as_link(source.name, source.link, NAME_CHARS) if safe_address(source.link) else quoted(source.name)


def why_not(problem: NotLearnt, translator: Translator) -> str:
    """Why nothing could be learnt of a file."""
    most = problem.most // _MB if problem.why is Unlearnable.TOO_LARGE else problem.most
    phrase = _WHY[problem.why]
    return translator.say(phrase, most=most) if "most" in phrase.placeholders else translator.say(phrase)


def what_came(name: str, pages: int, outcome: Outcome, translator: Translator) -> str:
    """What was learnt of one source."""
    shown, word = quoted(name), translator.say(Phrase.LEARN_WORD)
    if outcome.stopped_by is not None:
        phrase = Phrase.LEARN_STOPPED_PLAN if outcome.is_limit else Phrase.LEARN_INTERRUPTED
        if isinstance(outcome.stopped_by, NoBalance):
            phrase = Phrase.LEARN_STOPPED_BALANCE
        return translator.say(phrase, name=shown, done=outcome.sent, total=outcome.of, word=word)
    told = [
        translator.say(
            Phrase.LEARN_DONE, name=shown, total=outcome.of, new=outcome.new, skipped=outcome.skipped
        )
    ]
    if pages:
        told.append(translator.say(Phrase.LEARN_DONE_PAGES, pages=pages))
    if outcome.gone:
        told.append(translator.say(Phrase.LEARN_DONE_GONE, gone=outcome.gone))
    return " ".join(told)

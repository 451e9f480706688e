"""What the suites share: the adapter for each test, and which tests there are for what a platform lacks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar, TypeVar

import pytest
import pytest_asyncio

from aivax_bots import Action, Apology, Button, Footer, Frontend
from aivax_bots.testing.adapter import ANA, Ability, Adapter
from aivax_bots.testing.fakes import FakeLedger
from aivax_bots.testing.listening import Inbox
from aivax_bots.testing.stage import listening_to

LONG = "\n\n".join(f"Paragraph {number}: " + "all of it arrives in order. " * 12 for number in range(40))
"""About 14,000 characters: more than one message holds on any platform."""
HOSTILE = "@everyone @here <!channel> <!here> <@everyone> &<b>x</b> \x1b[2J\x07\u202eback \u200b|| `"
"""Words that are commands somewhere: to a client that pings, to a browser, to a terminal, to a reader of text."""
KEEP, DROP = Button(Action.KEEP, "k1", "Keep waiting"), Button(Action.DROP, "k1", "Don't answer")

Test = TypeVar("Test", bound=Callable[..., Any])


def needs(ability: Ability) -> Callable[[Test], Test]:
    """Mark a test of what not every platform has: without it the test is skipped, and says so."""
    return _marked("needs", ability)


def replaces(ability: Ability) -> Callable[[Test], Test]:
    """Mark a test of what takes the place of an ability: it is there only where the ability is lacking."""
    return _marked("replaces", ability)


def _marked(mark: str, ability: Ability) -> Callable[[Test], Test]:
    def with_mark(test: Test) -> Test:
        setattr(test, mark, ability)
        return test

    return with_mark


class Suite:
    """The base of the suites. A subclass names its `adapter`, and may add tests of its own."""

    adapter: ClassVar[type[Adapter]]
    pytestmark = pytest.mark.asyncio

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not hasattr(cls, "adapter"):
            return
        for name in dir(cls):
            ability = getattr(getattr(cls, name), "replaces", None)
            if isinstance(ability, Ability) and ability not in cls.adapter.lacks:
                setattr(cls, name, None)  # pytest collects it no more

    @pytest.fixture(autouse=True)
    def _only_what_there_is(self, request: pytest.FixtureRequest) -> None:
        ability = getattr(request.function, "needs", None)
        if isinstance(ability, Ability) and not self.has(ability):
            pytest.skip(f"lacks {ability.value}: {self.adapter.lacks[ability]}")

    def has(self, ability: Ability) -> bool:
        """Whether the platform has it."""
        return ability not in self.adapter.lacks

    @pytest_asyncio.fixture
    async def venue(self) -> AsyncIterator[Adapter]:
        """The stand-in, started."""
        async with self.adapter() as adapter:
            yield adapter


class FrontendSuite(Suite):
    """The base of the suites that drive a frontend alone, with an intake and a ledger in memory."""

    @pytest_asyncio.fixture
    async def frontend(self, venue: Adapter) -> AsyncIterator[Frontend]:
        """The frontend, open."""
        async with venue.open() as frontend:
            yield frontend

    @pytest_asyncio.fixture
    async def inbox(self, frontend: Frontend) -> AsyncIterator[Inbox]:
        """The frontend listens; what it hears lands here."""
        inbox = Inbox()
        async with listening_to(frontend, inbox):
            yield inbox

    async def address(self, venue: Adapter, inbox: Inbox, words: str = "hello there") -> str:
        """Where the answer to a question of Ana's goes."""
        await venue.say(words)
        return str((await inbox.first())[-1].address)  # type: ignore[union-attr]  # what is said has one

    async def waiting(self, frontend: Frontend, address: str, ledger: FakeLedger) -> None:
        """Show that the answer waits, with both buttons."""
        async with frontend.reply_to(address, ledger) as surface:
            await surface.fail(Apology("Sorry, not now.", buttons=(KEEP, DROP)))


async def show(frontend: Frontend, address: str, ledger: FakeLedger, text: str) -> None:
    """Show an answer from its beginning to its end."""
    async with frontend.reply_to(address, ledger) as surface:
        await surface.write(text)
        await surface.finish(Footer())


def shown(venue: Adapter, to: str = ANA) -> str:
    """All that somebody sees of the bot's there now."""
    return "\n".join(venue.visible(to=to)).strip()

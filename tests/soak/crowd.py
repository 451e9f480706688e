"""A crowd that asks at random, and remembers what it asked."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from tests.soak.talk import Conversation, DiscordPlace, Question, SlackDm, SlackThread
from tests.town import Town

SHORT = (("", 8), ("list please", 3), ("use tools", 2), ("long 2500", 2))
WISHES = (
    ("", 8),
    ("list please", 3),
    ("code please", 2),
    ("table please", 2),
    ("think first", 2),
    ("use tools", 2),
    ("long 1500", 3),
    ("long 6000", 2),
    ("long 12000", 1),
)


class Crowd:
    """People in many places. Each question begins with a word that no other has."""

    def __init__(
        self,
        town: Town,
        conversations: Sequence[Conversation],
        chance: random.Random,
        wishes: Sequence[tuple[str, int]] = WISHES,
    ) -> None:
        """`wishes` are what is asked for, each with how often."""
        self._town = town
        self._wishes = wishes
        self._conversations = conversations
        self._chance = chance
        self.asked: list[Question] = []

    async def ask(self, conversation: Conversation, wish: str) -> Question:
        word = f"q{len(self.asked):05}z"
        key, screen = await conversation.say(f"{word} {wish}".strip())
        self.asked.append(Question(word, key, conversation.name, screen))
        return self.asked[-1]

    async def ask_something(self, *, at_once: bool = False) -> None:
        """Somebody asks something, once the bot is there to hear it on that platform, or whether it is or not."""
        conversation = self._chance.choice(self._conversations)
        (wish,) = self._chance.choices([w for w, _ in self._wishes], [weight for _, weight in self._wishes])
        if not at_once:
            await self._heard_on(conversation)
            await asyncio.sleep(self._chance.uniform(0, 0.5))
            await self._heard_on(conversation)
        await self.ask(conversation, wish)

    async def _heard_on(self, conversation: Conversation) -> None:
        """Wait until a bot is connected there."""
        if conversation.name.startswith("discord"):
            discord = self._town.discord
            await discord.until(lambda: any(session.live for session in discord.sessions), 60)
        else:
            await self._town.slack.connected(1, 60)


def places(town: Town, *, each: int, discord: bool = True) -> list[Conversation]:
    """Conversations of every kind."""
    found: list[Conversation] = []
    for number in range(each):
        found += [SlackThread(town, str(number)), SlackDm(town, str(number))]
        if discord:
            found.append(DiscordPlace(town, str(number), direct=False))
            found.append(DiscordPlace(town, str(number), direct=True))
    return found

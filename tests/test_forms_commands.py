"""Forms in each platform's own form of commands, through the whole bot."""

from __future__ import annotations

from typing import Any

from core.forms.handler import FormHandler
from tests.forms_samples import TICKET, form
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.test_discord_whole import House, running
from tests.test_slack_whole import town

ORDER = form(
    name="order",
    prompt="{text} {size} {share} {fast} {colour}",
    inputs=[
        {"name": "text", "help": "What to order", "required": False, "least": 2, "most": 9_000},
        {"name": "size", "help": "How large", "kind": "integer", "least": 1, "most": 9},
        {"name": "share", "help": "How much", "kind": "number", "most": 1.5, "required": False},
        {"name": "fast", "help": "Whether it is urgent", "kind": "boolean", "required": False},
        {
            "name": "colour",
            "help": "Which",
            "kind": "choice",
            "choices": ["red", "dark blue"],
            "required": False,
        },
    ],
    result=TICKET["result"],
)


async def test_discord_asks_for_each_input_by_its_kind(discord: FakeDiscord, url: str) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    filled: dict[str, Any] = {"size": 3, "text": 'say "hi" \\o/', "fast": True, "colour": "dark blue"}
    async with running(discord, url, handlers=[FormHandler(ORDER)]) as stage:
        await discord.interact(ana, lobby, "order", filled)
        seen = await House(discord, stage, lobby, ana).seen("What is wrong")
        await stage.rest()

        (body,) = stage.asked
    (listed,) = [each for each in discord.commands[None] if each["name"] == "order"]
    told = {each["name"]: each for each in listed["options"]}
    assert list(told) == ["size", "text", "share", "fast", "colour", "file"]
    assert [each["type"] for each in told.values()] == [4, 3, 10, 5, 3, 11]
    assert (told["size"]["min_value"], told["size"]["max_value"], told["size"]["required"]) == (1, 9, True)
    assert (told["text"]["min_length"], told["text"]["max_length"]) == (2, 6_000)
    assert [each["value"] for each in told["colour"]["choices"]] == ["red", "dark blue"]
    assert body["messages"][-1]["content"] == 'say "hi" \\o/ 3  yes dark blue'
    assert "**What is wrong**: say" in seen.content


async def test_slack_s_command_takes_values_by_name(slack: FakeSlack, url: str) -> None:
    async with town(slack, url, [FormHandler(ORDER)]) as there:
        await slack.command(there.ana, there.general, "/aivax", 'order size=2 text="two lamps"')
        asked = await there.says(there.general, "order size=2")
        await there.says(there.general, "two lamps 2", asked.ts)

        await slack.command(there.ana, there.general, "/aivax", "order size=99")
        again = await there.says(there.general, "order size=99")
        refused = await there.says(there.general, "it takes a whole number from 1 to 9", again.ts)
    assert "99" in refused.text

"""Two customers on one bot, on Slack and on Discord over the wire: neither ever sees what belongs to the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.server import Sandbox
from sandbox.server import serve as serve_sandbox
from tests.knowledge_stage import put
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.slack_ways import answering, oauth_settings
from tests.test_discord_whole import House, running
from tests.waiting import soon


def behind_a_boundary(sandbox: Sandbox, **tenants: str) -> Mapping[str, Any]:
    """A collection with a document of each tenant, named by the id of its workspace, and the section to search it."""
    collection = ""
    for name, workspace in tenants.items():
        text, address = f"The vault of {name} opens with {name}-code.", f"https://{name}.example/vault"
        collection = put(
            sandbox.state, "manual", f"vault of {name}", text, {"workspace": workspace, "url": address}
        )
    place = {"collections": [collection], "filter": "metadata.workspace = {workspace}", "reranker": "none"}
    return {"places": [place]}


async def test_two_workspaces_of_slack_see_their_own_alone(slack: FakeSlack, url: str) -> None:
    other = slack.add_workspace("T0000000002", "umbrella")
    async with serve_sandbox(plan="max") as sandbox:
        section = behind_a_boundary(sandbox, acme=slack.workspace.id, umbrella=other.id)
        program = {"knowledge": section}
        async with answering(slack, url, sandbox, oauth_settings(slack), program=program) as (here, core):
            for workspace in (slack.workspace, other):
                await here.install(workspace)
                person = slack.person(f"someone of {workspace.name}", workspace=workspace)
                for words in ("search the vault opens", "sources the vault opens cite 1"):
                    await slack.say(person, slack.dm(person), words)
                await here.all_taken()
                await soon("core.pool.drained()", core.pool.drained())

    shown = {
        channel.workspace.id: "\n".join(each.text for each in slack.visible(channel) if each.is_bot)
        for channel in slack.world.channels.values()
    }
    assert "acme-code" in shown[slack.workspace.id]
    assert "https://acme.example/vault" in shown[slack.workspace.id]
    assert "umbrella-code" not in shown[slack.workspace.id]
    assert "umbrella-code" in shown[other.id]
    assert "acme-code" not in shown[other.id]


async def test_two_servers_of_discord_see_their_own_alone(discord: FakeDiscord, url: str) -> None:
    guilds = {name: discord.guild(name) for name in ("acme", "umbrella")}
    lobbies = {name: discord.channel(guild, "lobby") for name, guild in guilds.items()}
    people = {name: discord.person(f"someone of {name}") for name in guilds}
    async with serve_sandbox(plan="max") as sandbox:
        section = behind_a_boundary(sandbox, **{name: str(guild.id) for name, guild in guilds.items()})
        async with running(discord, url, sandbox=sandbox, knowledge=section) as stage:
            for name, lobby in lobbies.items():
                house = House(discord, stage, lobby, people[name])
                await discord.interact(people[name], lobby, "search", {"words": "the vault opens"})
                await house.seen(f"{name}-code")
                await discord.interact(people[name], lobby, "sources", {"words": "the vault opens cite 1"})
                await house.seen("Sources")

    for name, stranger in (("acme", "umbrella"), ("umbrella", "acme")):
        seen = "\n".join(each.content for each in discord.answers(lobbies[name], people[name]))
        assert f"https://{name}.example/vault" in seen
        assert f"{stranger}-code" not in seen

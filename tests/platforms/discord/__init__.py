"""A wire-level fake of Discord: REST API v10, gateway and file downloads on one loopback port.

async with FakeDiscord() as fake:
    general = fake.channel(fake.guild("Gophers"), "general")
    alice = fake.person("alice", locale="pt-BR")
    ...  # point the SDK at fake.api_url and fake.gateway_url, start the bot with fake.token
    await fake.online()
    question = await fake.say(alice, general, f"{fake.bot.mention} hello")
    [answer] = await fake.until(lambda: fake.answers(general))
    assert answer.reply_to == question.id
"""

from .clock import Clock
from .limits import Limits, Window
from .model import (
    ANNOUNCEMENT,
    CATEGORY,
    DM,
    FORUM,
    MEDIA,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    STAGE,
    TEXT,
    VOICE,
    Channel,
    Guild,
    Interaction,
    Message,
    Person,
    Role,
    Upload,
)
from .permissions import Permission
from .server import FakeDiscord
from .view import Button, Seen

__all__ = [
    "ANNOUNCEMENT",
    "CATEGORY",
    "DM",
    "FORUM",
    "MEDIA",
    "PRIVATE_THREAD",
    "PUBLIC_THREAD",
    "STAGE",
    "TEXT",
    "VOICE",
    "Button",
    "Channel",
    "Clock",
    "FakeDiscord",
    "Guild",
    "Interaction",
    "Limits",
    "Message",
    "Permission",
    "Person",
    "Role",
    "Seen",
    "Upload",
    "Window",
]

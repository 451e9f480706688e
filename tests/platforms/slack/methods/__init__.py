"""The Web API's methods. Importing this package fills `METHODS`."""

from . import agents, auth, chat, conversations, files, reactions, streaming, views
from .registry import METHODS, Method

__all__ = [
    "METHODS",
    "Method",
    "agents",
    "auth",
    "chat",
    "conversations",
    "files",
    "reactions",
    "streaming",
    "views",
]

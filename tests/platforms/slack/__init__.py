"""A Slack that lives on loopback: Web API and Socket Mode on the wire, people and time in the test's hands."""

from .clock import Clock
from .http_mode import HttpMode, Sent, sign
from .interactions import Interaction
from .rules import SCOPES, Rules
from .server import FakeSlack
from .shown import Shown
from .socket_mode import Ack, Delivery, Envelope
from .state import Channel, File, Person, Workspace
from .streams import TaskCard
from .web_api import Call

__all__ = [
    "SCOPES",
    "Ack",
    "Call",
    "Channel",
    "Clock",
    "Delivery",
    "Envelope",
    "FakeSlack",
    "File",
    "HttpMode",
    "Interaction",
    "Person",
    "Rules",
    "Sent",
    "Shown",
    "TaskCard",
    "Workspace",
    "sign",
]

"""Functions of the operator's own in Python, which AIVAX calls, in files that `[tools] files` names.

Files import the same names from `aivax_bots.tools`. How they are declared, served and kept from doing harm stands
in docs/capabilities/own-tools.md.
"""

from bots.tools.actions import (
    AddMcpSource,
    AddMessage,
    AddProtocolTool,
    AddSystem,
    AddTool,
    Clear,
    RemoveMessage,
    Replace,
    Stop,
)
from bots.tools.declare import MessageReceived, ToolCalled, ToolError, tool, worker
from bots.tools.schema import Caller

__all__ = [
    "AddMcpSource",
    "AddMessage",
    "AddProtocolTool",
    "AddSystem",
    "AddTool",
    "Caller",
    "Clear",
    "MessageReceived",
    "RemoveMessage",
    "Replace",
    "Stop",
    "ToolCalled",
    "ToolError",
    "tool",
    "worker",
]

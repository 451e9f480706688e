"""Functions of the operator's own that the model calls, in files that `[tools] files` names; see
docs/capabilities/own-tools.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aivax_bots._lazy import names_of

if TYPE_CHECKING:
    from bots.tools import AddMcpSource as AddMcpSource
    from bots.tools import AddMessage as AddMessage
    from bots.tools import AddProtocolTool as AddProtocolTool
    from bots.tools import AddSystem as AddSystem
    from bots.tools import AddTool as AddTool
    from bots.tools import Caller as Caller
    from bots.tools import Clear as Clear
    from bots.tools import MessageReceived as MessageReceived
    from bots.tools import RemoveMessage as RemoveMessage
    from bots.tools import Replace as Replace
    from bots.tools import Stop as Stop
    from bots.tools import ToolCalled as ToolCalled
    from bots.tools import ToolError as ToolError
    from bots.tools import tool as tool
    from bots.tools import worker as worker

_HOMES: Mapping[str, str] = {
    "bots.tools": "AddMcpSource AddMessage AddProtocolTool AddSystem AddTool Caller Clear MessageReceived"
    " RemoveMessage Replace Stop ToolCalled ToolError tool worker"
}
_DEPRECATED: dict[str, str] = {}
"""Names that go with a later version, and what each is called now."""

if not TYPE_CHECKING:  # a type checker would take every name for one of these
    __getattr__, __dir__ = names_of(__name__, _HOMES, _DEPRECATED)

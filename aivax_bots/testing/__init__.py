"""What a frontend is tested with: the contract suites, and the stand-ins that they need.

    pip install 'aivax-bots[testing]'

Describe your platform's stand-in by an `Adapter`, and subclass `FrontendContract` and `ConversationContract` with it,
as docs/write-a-frontend.md does. What else stands here is for tests of your own: an intake that keeps what it gets
(`Inbox`), a ledger in memory (`FakeLedger`), a channel that behaves like a platform (`FakeChannel`) on a clock in the
test's hands (`FakeClock`), a whole made-up platform (`FakePlatform`), the core with the sandbox behind it (`staged`),
and waiting with an end (`soon`, `until`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aivax_bots._lazy import names_of

if TYPE_CHECKING:
    from aivax_bots.testing.adapter import ANA as ANA
    from aivax_bots.testing.adapter import BEN as BEN
    from aivax_bots.testing.adapter import Ability as Ability
    from aivax_bots.testing.adapter import Adapter as Adapter
    from aivax_bots.testing.clock import FakeClock as FakeClock
    from aivax_bots.testing.clock import WallClock as WallClock
    from aivax_bots.testing.contract import ConversationContract as ConversationContract
    from aivax_bots.testing.contract import FrontendContract as FrontendContract
    from aivax_bots.testing.conversations import Talk as Talk
    from aivax_bots.testing.fakes import FakeChannel as FakeChannel
    from aivax_bots.testing.fakes import FakeLedger as FakeLedger
    from aivax_bots.testing.listening import Inbox as Inbox
    from aivax_bots.testing.listening import Lamp as Lamp
    from aivax_bots.testing.platform import FakePlatform as FakePlatform
    from aivax_bots.testing.process import config_for as config_for
    from aivax_bots.testing.process import kill as kill
    from aivax_bots.testing.process import serving as serving
    from aivax_bots.testing.stage import Stage as Stage
    from aivax_bots.testing.stage import database_in as database_in
    from aivax_bots.testing.stage import listening_to as listening_to
    from aivax_bots.testing.stage import staged as staged
    from aivax_bots.testing.suite import needs as needs
    from aivax_bots.testing.suite import replaces as replaces
    from aivax_bots.testing.suite import show as show
    from aivax_bots.testing.suite import shown as shown
    from aivax_bots.testing.waiting import ended as ended
    from aivax_bots.testing.waiting import soon as soon
    from aivax_bots.testing.waiting import until as until
    from aivax_bots.testing.waiting import waiting_for as waiting_for
    from sandbox.faults import Fault as Fault
    from sandbox.server import Sandbox as Sandbox
    from sandbox.server import serve as serve

_HOMES: Mapping[str, str] = {
    "aivax_bots.testing.adapter": "ANA BEN Ability Adapter",
    "aivax_bots.testing.clock": "FakeClock WallClock",
    "aivax_bots.testing.contract": "ConversationContract FrontendContract",
    "aivax_bots.testing.conversations": "Talk",
    "aivax_bots.testing.fakes": "FakeChannel FakeLedger",
    "aivax_bots.testing.listening": "Inbox Lamp",
    "aivax_bots.testing.platform": "FakePlatform",
    "aivax_bots.testing.process": "config_for kill serving",
    "aivax_bots.testing.stage": "Stage database_in listening_to staged",
    "aivax_bots.testing.suite": "needs replaces show shown",
    "aivax_bots.testing.waiting": "ended soon until waiting_for",
    "sandbox.faults": "Fault",
    "sandbox.server": "Sandbox serve",
}
"""Where each name lives: a process that only waits for something imports no test tools."""
_DEPRECATED: dict[str, str] = {}

if not TYPE_CHECKING:
    __getattr__, __dir__ = names_of(__name__, _HOMES, _DEPRECATED)

"""Stand-ins for what the core asks of the world, from the kit that frontends of other packages use, too."""

from aivax_bots.testing.clock import FakeClock
from aivax_bots.testing.fakes import Call, FakeChannel, FakeLedger, FakeMessage, Fault, Hook

__all__ = ["Call", "FakeChannel", "FakeClock", "FakeLedger", "FakeMessage", "Fault", "Hook"]

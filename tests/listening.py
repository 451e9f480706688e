"""What a frontend under test reports to, from the kit that frontends of other packages use, too."""

from aivax_bots.testing.listening import TRANSLATORS, Inbox, Lamp, Missed

__all__ = ["TRANSLATORS", "Inbox", "Lamp", "Missed"]

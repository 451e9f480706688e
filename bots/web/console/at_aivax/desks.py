"""What the pages of gateways and of knowledge are wired with."""

from __future__ import annotations

from collections.abc import Sequence

from core.aivax.account import AccountClient
from core.aivax.keys import check_model, kind_of
from core.console.gateways import GatewayDesk
from core.console.knowledge import KnowledgeDesk
from core.knowledge.settings import KnowledgePlace, KnowledgeSettings
from core.settings import AivaxSettings, Route
from core.storage.channel_models import ChannelModels
from core.storage.db import Database
from core.storage.learnt.listing import LearntReads


def gateways_of(
    aivax: AivaxSettings, routes: Sequence[Route], database: Database, account: AccountClient
) -> GatewayDesk:
    """`account` asks AIVAX what there is."""
    kind, choices = kind_of(aivax.api_key), ChannelModels(database, database.now)
    return GatewayDesk(
        aivax, routes, account.described_models, choices, lambda model: check_model(kind, model, "model")
    )


def knowledge_of(settings: KnowledgeSettings, database: Database) -> KnowledgeDesk | None:
    """None where no collection is searched, and nothing learnt."""
    if not (settings.places or settings.learns):
        return None
    searched: dict[str, list[str]] = {}
    for place in settings.places:
        for each in place.collections:
            searched.setdefault(each, []).append(_name_of(place))
    into = {settings.learn_into, *(place.learn_into for place in settings.places)} - {""}
    return KnowledgeDesk(searched, sorted(into), LearntReads(database, database.now))


def _name_of(place: KnowledgePlace) -> str:
    """As operators name it: `slack:T1/C1`; `""` for everywhere."""
    return ":".join(filter(None, (place.platform, "/".join(filter(None, (place.workspace, place.channel))))))

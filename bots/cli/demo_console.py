"""The web console beside the demo in the terminal: the same database with some made-up days, on a loopback port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

from bots.app import Core
from bots.reloading import LiveSettings
from bots.setting_rules.in_force import InForce
from bots.setting_rules.origins import Origins
from bots.settings import Settings
from bots.supervisor import Board
from bots.web.console.settings import NEEDED, ConsoleSettings
from bots.wiring import control_of, desk_of
from core.admission.spending.caps import price_of
from core.console.rollups import Rollups
from core.console.wording import Wording
from core.domain.console import Role
from core.rights.possible import why_not
from core.storage.console.wordings import WordingStore
from core.storage.rollups.counting import RollupStore
from core.storage.rollups.sample_days import fill_sample_days

HOST = "127.0.0.1"
DAY_MINUTES = 1_440.0


@asynccontextmanager
async def demo_console(settings: Settings, core: Core, board: Board) -> AsyncIterator[str]:
    """Serve it while the context is open; yields the address that lets a viewer in, `""` where packages are missing."""
    if any(find_spec(module) is None for module in NEEDED):
        yield ""
        return
    from bots.web.console import PATH
    from bots.web.console.at_aivax.desks import gateways_of, knowledge_of
    from bots.web.console.pages.person import PersonActions
    from bots.web.console.service import Process, open_console
    from bots.web.server import serve

    own = ConsoleSettings(enabled=True, words_for="viewer", link_minutes=DAY_MINUTES)
    stop = asyncio.Event()
    process = Process(
        database=core.database,
        frontends=board,
        money=core.admitting.account,
        actions=control_of(settings, core.database, core.database.now, core.pool),
        person_actions=PersonActions(
            desk_of(core.database, core.database.now, {}),
            core.pool.notify,
            erases_remotely=why_not(settings.aivax) is None,
        ),
        limits=settings.limits,
        price=price_of(settings.limits),
        settings=InForce(LiveSettings(settings), Origins(), None),
        locale=settings.replies.locale,
        wording=Wording(WordingStore(core.database, core.database.now), lambda _own: None),
        configured=lambda: settings.replies.sentences,
        audit_days=settings.storage.retention_audit_days,
        connections=settings.web.affordable,
        stop=stop,
        gateways=gateways_of(settings.aivax, settings.routes, core.database, core.admitting.aivax.account),
        knowledge=knowledge_of(settings.knowledge, core.database),
    )
    await fill_sample_days(core.database, core.database.now().date())
    rollups = Rollups(RollupStore(core.database, ""), core.admitting.account, core.database.now)
    opened = await open_console(own, process)
    async with serve([], {PATH: opened.app}, HOST, 0) as port:
        counting = asyncio.create_task(rollups.run())
        try:
            yield f"http://{HOST}:{port}{PATH}/link/{await opened.sign_in.make_link(Role.VIEWER, resets=True)}"
        finally:
            stop.set()
            counting.cancel()
            await asyncio.wait([counting])

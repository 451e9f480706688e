"""What operators do about one person: find them, block them, and have all that is stored of them deleted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.domain import CancelRequest, Place
from core.domain.audit import Actor, AuditAction, AuditEntry
from core.storage.db import Database
from core.storage.personal_data.deletion import ErasureStore
from core.storage.personal_data.export import Rows, export
from core.storage.personal_data.people import Account, Blocked, Known, People, named
from core.storage.personal_data.sqlite_scrub import Scrubber
from core.storage.turns.intake import IntakeStore, IntakeTransaction
from core.util.log import log


@dataclass(frozen=True, slots=True)
class Done:
    """What a step came to."""

    changed: bool
    """Whether it was not so before."""
    work_in: Sequence[tuple[int, str]] = ()
    """The conversations in which an answer is to end, each with its platform."""


class PeopleDesk:
    """Carries it out, and leaves a line in the log that says who had it done."""

    def __init__(self, store: IntakeStore, global_ids: Collection[str]) -> None:
        """`global_ids`: see `core.storage.personal_data.accounts.persons_of`."""
        self._store = store
        self.global_ids = global_ids

    @property
    def database(self) -> Database:
        """Where people are stored."""
        return self._store.database

    async def find(self, wanted: str, *, parts: bool = False) -> Sequence[Known]:
        """See `People.find`."""
        async with self._store.database.read() as connection:
            return await People(connection, self._store.now()).find(wanted, parts=parts)

    async def accounts(self, wanted: str) -> dict[Account, list[Known]]:
        """The accounts that a name, a mention or an id could mean, each with where it was met.

        One that is written out (`platform:user`) is meant, though nobody knows it yet.
        """
        found: dict[Account, list[Known]] = {}
        written = named(wanted)
        for known in await self.find(wanted):
            found.setdefault(written or known.account(self.global_ids), []).append(known)
        return found or ({written: []} if written else {})

    async def accounts_of(self, person_id: int) -> dict[Account, list[Known]]:
        """The accounts of one person, each with where it was met."""
        found: dict[Account, list[Known]] = {}
        async with self._store.database.read() as connection:
            for known in await People(connection, self._store.now()).of_person(person_id):
                found.setdefault(known.account(self.global_ids), []).append(known)
        return found

    async def blocked(self) -> Sequence[Blocked]:
        """See `People.blocked`."""
        async with self._store.database.read() as connection:
            return await People(connection, self._store.now()).blocked()

    async def block(self, account: Account, known: Sequence[Known], *, by: Actor) -> Done:
        """Answer somebody no more, in any account of theirs; what waits of theirs, or is being answered, ends."""
        work: list[tuple[int, str]] = []
        changed = False
        async with self._store.transaction() as transaction:
            for each, met in (await self._held(transaction, account, known)).items():
                is_new = await transaction.people.block(each)
                ids = [one.identity_id for one in met]
                ended = await transaction.changes.end_all(ids, CancelRequest.STOP) if ids else ()
                work += await _announced(transaction, ended, each.platform)
                if is_new:
                    await transaction.record(_about(each, met, AuditAction.BLOCK, by))
                changed |= is_new
                log.warning("person.blocked", account=str(each), by=str(by), changed=is_new)
        return Done(changed, work)

    async def unblock(self, account: Account, known: Sequence[Known], *, by: Actor) -> Done:
        """Answer somebody again, in all accounts of theirs."""
        changed = False
        async with self._store.transaction() as transaction:
            for each, met in (await self._held(transaction, account, known)).items():
                was_blocked = await transaction.people.unblock(each)
                if was_blocked:
                    await transaction.record(_about(each, met, AuditAction.UNBLOCK, by))
                changed |= was_blocked
                log.warning("person.unblocked", account=str(each), by=str(by), changed=was_blocked)
        return Done(changed)

    async def unlink(self, known: Known, *, by: Actor) -> bool:
        """Make an account a person by itself again; False where it is linked to none. Nobody is told."""
        async with self._store.transaction() as transaction:
            await transaction.links.hold(known.identity_id)
            changed = await transaction.links.take_out(known.identity_id)
            account = known.account(self.global_ids)
            if changed:
                await transaction.record(_about(account, [known], AuditAction.UNLINK, by))
        log.warning("accounts.unlinked", account=str(account), by=str(by), changed=changed)
        return changed

    async def linked_to(self, account: Account, known: Sequence[Known]) -> Sequence[Account]:
        """The accounts that are one person with one, itself among them."""
        async with self._store.database.read() as connection:
            return list(await self._together(People(connection, self._store.now()), account, known))

    async def _held(
        self, transaction: IntakeTransaction, account: Account, known: Sequence[Known]
    ) -> dict[Account, list[Known]]:
        """An account, and those linked to it; nobody links another to it until the transaction ends."""
        await transaction.links.hold()
        return await self._together(transaction.people, account, known)

    async def _together(
        self, people: People, account: Account, known: Sequence[Known]
    ) -> dict[Account, list[Known]]:
        found: dict[Account, list[Known]] = {account: [*known]}
        met = {each.identity_id for each in known}
        # asked anew: they may have been linked since they were looked up
        for identity_id in sorted(met):
            for each in await people.linked_with(identity_id):
                if each.identity_id not in met:
                    met.add(each.identity_id)
                    found.setdefault(each.account(self.global_ids), []).append(each)
        return found

    async def export(self, account: Account, known: Known, *, by: Actor) -> Rows:
        """All that is stored of somebody, by table; see `core.storage.personal_data.export`."""
        everywhere = () if account.workspace else (account.platform,)
        rows = await export(self.database, known.identity, global_ids=everywhere)
        async with self._store.transaction() as transaction:
            await transaction.record(_about(account, [known], AuditAction.EXPORT, by))
        log.warning("person.exported", account=str(account), by=str(by))
        return rows or {}

    async def forget(self, known: Sequence[Known], *, by: Actor) -> Done:
        """Ask for all that is stored of somebody to be deleted, as they could themselves; they are not told.

        `known`: everywhere that they were met, as far as it is meant.
        """
        work: list[tuple[int, str]] = []
        accounts: dict[Account, Known] = {each.account(self.global_ids): each for each in known}
        asked: set[int] = set()
        for account, each in accounts.items():
            if each.person_id in asked:  # linked to one before: all of theirs goes already
                continue
            asked.add(each.person_id)
            async with self._store.transaction() as transaction:
                here = await transaction.any_conversation(each.identity_id)
                if here is None:
                    continue
                place = Place(each.identity.platform, each.identity.workspace, "")
                await transaction.erasures.hold(each.identity_id, place)
                ended = await transaction.erasures.ask(each.identity_id, here, "", as_page=False)
                work += await _announced(transaction, ended, account.platform)
                await transaction.record(_about(account, [each], AuditAction.FORGET, by))
            log.warning("person.forgotten", account=str(account), by=str(by))
        return Done(changed=bool(accounts), work_in=work)


def _about(account: Account, known: Sequence[Known], action: AuditAction, by: Actor) -> AuditEntry:
    whose = known[0].identity_id if known else None
    return AuditEntry(by, action, identity=whose, subject=str(account))


async def carry_out(store: IntakeStore, scrubber: Scrubber, *, remotely: bool) -> int:
    """Carry out the deletions that operators asked for; how many messages that were.

    A bot on the same database does so by itself, within half a minute. `remotely`: what AIVAX keeps is to go, too,
    which the bot does once it runs.
    """
    erasures, total = ErasureStore(store.database, store.now), 0
    while (erasure := await erasures.next(untold=True)) is not None:
        while await erasures.step(erasure):
            pass
        await scrubber.scrub()
        async with store.transaction() as transaction:
            count = await transaction.erasures.finish(erasure)
            if count is not None and remotely:
                await transaction.remote_erasures.ask(erasure)
        total += count or 0
    return total


async def _announced(
    transaction: IntakeTransaction, conversation_ids: Sequence[int], platform: str
) -> Sequence[tuple[int, str]]:
    work = [(each, platform) for each in dict.fromkeys(conversation_ids)]
    for conversation_id, _ in work:
        await transaction.announce(conversation_id, platform)
    return work

"""Links the accounts of one person, step by step: a code, a question to each side, and what both are told.

A code alone links nothing. Whoever uses one is told who made it, whoever made it is told who used it, and each has to
say that this is them: so neither a code that leaks nor one that somebody is talked into gives anything away unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.domain import Action, Identity, Place, Translator
from core.domain.audit import AuditAction, AuditEntry, in_chat
from core.i18n import LinkPhrase, Phrase, RightsPhrase, Translators
from core.markdown.literal import code as quoted
from core.rights.link_words import LinkWish, digest_of, new_code
from core.rights.said_codes import SaidCodes
from core.rights.settings import PeopleSettings
from core.storage.personal_data.link_codes import LinkCode, Side
from core.storage.personal_data.links import Met, NotLinked
from core.storage.turns.intake import IntakeTransaction
from core.util.log import log

HOUR = timedelta(hours=1)
ANSWERS = {Action.LINK: True, Action.NOT_ME: False}
"""The buttons below the question whether an account is theirs."""


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody is told who did something, and the buttons below it."""

    text: str
    offers: tuple[Action, ...] = ()


class Linking:
    """What each step changes, within the transaction of who takes it."""

    def __init__(self, settings: PeopleSettings, translators: Translators) -> None:
        self._settings = settings
        self._translators = translators
        self.said = SaidCodes(settings)

    def span(self, translator: Translator) -> str:
        """How long a code is good, in words."""
        return translator.duration(self._settings.code_minutes * 60.0)

    async def make_code(self, transaction: IntakeTransaction, me: Side) -> str:
        """Make a code, which replaces the one before it."""
        code = new_code(self._settings.code_chars)
        expires_at = transaction.now + timedelta(minutes=self._settings.code_minutes)
        await transaction.link_codes.add(digest_of(code), me, expires_at)
        return code

    async def use_code(
        self, transaction: IntakeTransaction, me: Side, wish: LinkWish, translator: Translator
    ) -> Told:
        """Look at a code that somebody wrote, and ask them whether its maker is them."""
        mine = await transaction.links.met(me.identity_id)
        if not await self._may_try(transaction, mine):
            return Told(translator.say(LinkPhrase.LINK_TOO_OFTEN, most=self._settings.code_tries))
        digest = digest_of(wish.code)
        found = await transaction.link_codes.find(digest)
        if found is None:
            return self._no_such(translator)
        maker = await transaction.links.met(found.maker.identity_id)
        if maker.account == mine.account:
            return Told(translator.say(LinkPhrase.LINK_OWN_CODE))
        if (why := await self._why_not(transaction, found, me)) is not None:
            return Told(self._impossible(why, translator))
        used = await transaction.link_codes.use(digest, me, shares_talk=wish.shares_talk)
        return await self.question(transaction, used, translator)

    async def question(
        self, transaction: IntakeTransaction, used: LinkCode | None, translator: Translator
    ) -> Told:
        """Ask who used a code whether its maker is them."""
        if used is None:
            return self._no_such(translator)
        maker = await transaction.links.met(used.maker.identity_id)
        return self._asked(LinkPhrase.LINK_ASK_USER, maker, used, translator)

    async def press(
        self,
        transaction: IntakeTransaction,
        action: Action,
        turn_id: int,
        identity: tuple[int, Identity],
        translator: Translator,
    ) -> Told:
        """Carry a button out that stands below what was said in a turn."""
        identity_id, who = identity
        if action in ANSWERS:
            await transaction.links.hold()
            code = await transaction.link_codes.of_turn(turn_id)
            return await self.answer(transaction, code, identity, translator, agrees=ANSWERS[action])
        newest = await transaction.links.newest(identity_id)
        if newest is None:
            return self._not_linked(translator)
        return await self.take_out(transaction, newest, (identity_id, who), translator)

    async def answer(
        self,
        transaction: IntakeTransaction,
        code: LinkCode | None,
        identity: tuple[int, Identity],
        translator: Translator,
        *,
        agrees: bool,
    ) -> Told:
        """Take in what one side says; the last one that agrees has both linked."""
        identity_id = identity[0]
        if (
            code is None
            or code.user is None
            or identity_id not in (code.maker.identity_id, code.user.identity_id)
        ):
            return Told(
                translator.say(LinkPhrase.LINK_NOTHING_ASKED, word=translator.say(LinkPhrase.LINK_WORD))
            )
        is_maker = identity_id == code.maker.identity_id
        other = code.user if is_maker else code.maker
        await transaction.links.hold(identity_id, other.identity_id)
        sides = (code.maker.conversation_id, code.user.conversation_id)
        await transaction.links.hold_conversations(sides)
        if not agrees:
            return await self._refuse(transaction, code, identity_id, other, translator)
        if not is_maker:
            return await self._ask_maker(transaction, code, translator)
        if not code.has_agreed or not await transaction.link_codes.drop(code):
            return Told(
                translator.say(LinkPhrase.LINK_NOTHING_ASKED, word=translator.say(LinkPhrase.LINK_WORD))
            )
        if (why := await self._why_not(transaction, code, other)) is not None:
            return Told(self._impossible(why, translator))
        return await self._link(transaction, code, identity[1], translator)

    async def share_talk(
        self, transaction: IntakeTransaction, identity_id: int, translator: Translator, *, shares: bool
    ) -> Told:
        """Make one conversation of what linked accounts say in private, or no more."""
        await transaction.links.hold(identity_id)
        linked = await transaction.links.linked(identity_id)
        if not linked:
            return self._not_linked(translator)
        await transaction.links.share_talk(identity_id, shares=shares)
        told = self._now_together if shares else self._now_apart
        for each in linked:
            if each.identity_id != identity_id:
                await self._tell_in_private(transaction, each, lambda there: Told(told(there)))
        return Told(told(translator))

    async def take_out(
        self,
        transaction: IntakeTransaction,
        identity_id: int,
        by: tuple[int, Identity],
        translator: Translator,
    ) -> Told:
        """Make an account a person by itself again; all that were linked to it are told."""
        await transaction.links.hold(identity_id)
        linked = await transaction.links.linked(identity_id)
        met = await transaction.links.met(identity_id)
        if not await transaction.links.take_out(identity_id):
            return self._not_linked(translator)
        entry = AuditEntry(in_chat(by[1]), AuditAction.UNLINK, identity=identity_id, subject=str(met.account))
        await transaction.record(entry)
        log.info("accounts.unlinked", account=str(met.account), by=f"{by[1].platform}:{by[1].user}")
        mine = await transaction.links.met(by[0])
        for each in linked:
            if each.account != mine.account:
                await self._tell_in_private(transaction, each, lambda there: self._taken_out(met, there))
        return self._taken_out(met, translator)

    def listed(self, linked: Sequence[Met], me: Met, translator: Translator) -> str:
        """The accounts that are linked to one, by number."""
        say = translator.say
        mark = f" ({say(LinkPhrase.LINK_THIS)})"
        lines = [
            f"{number}. {called(each)}{mark if each.account == me.account else ''}"
            for number, each in enumerate(linked, 1)
        ]
        word = say(LinkPhrase.LINK_WORD)
        apart, together = say(LinkPhrase.LINK_APART_WORD), say(LinkPhrase.LINK_TOGETHER_WORD)
        talk = (
            say(LinkPhrase.LINK_LIST_TOGETHER, word=f"{word} {apart}")
            if me.shares_talk
            else say(LinkPhrase.LINK_LIST_APART, word=f"{word} {together}")
        )
        how = say(LinkPhrase.LINK_LIST_HOW, word=f"{say(LinkPhrase.UNLINK_WORD)} 2")
        return "\n".join([say(LinkPhrase.LINK_LIST), *lines, "", f"{talk} {how}"])

    async def _may_try(self, transaction: IntakeTransaction, mine: Met) -> bool:
        """Count a try, in whichever process: each of an hour's tries is a mark of its own."""
        for number in range(self._settings.code_tries):
            if await transaction.first_within(f"link:{mine.account}:{number}", HOUR):
                return True
        log.warning("accounts.codes_tried", account=str(mine.account), most=self._settings.code_tries)
        return False

    async def _why_not(self, transaction: IntakeTransaction, code: LinkCode, user: Side) -> NotLinked | None:
        most = self._settings.most_accounts
        return await transaction.links.why_not(code.maker.identity_id, user.identity_id, most=most)

    async def _ask_maker(
        self, transaction: IntakeTransaction, code: LinkCode, translator: Translator
    ) -> Told:
        assert code.user is not None  # noqa: S101  who calls has looked
        if not code.has_agreed:
            await transaction.link_codes.agree(code)
            user = await transaction.links.met(code.user.identity_id)
            turn_id = await self._tell(
                transaction,
                code.maker,
                lambda there: self._asked(LinkPhrase.LINK_ASK_MAKER, user, code, there),
            )
            await transaction.link_codes.asked(code, turn_id)
        return Told(translator.say(LinkPhrase.LINK_ASKED_THERE, span=self.span(translator)))

    async def _refuse(
        self,
        transaction: IntakeTransaction,
        code: LinkCode,
        identity_id: int,
        other: Side,
        translator: Translator,
    ) -> Told:
        await transaction.link_codes.drop(code)
        me = await transaction.links.met(identity_id)
        log.info("accounts.link_refused", account=str(me.account))
        await self._tell(
            transaction, other, lambda there: Told(there.say(LinkPhrase.LINK_REFUSED_THERE, who=called(me)))
        )
        return Told(translator.say(LinkPhrase.LINK_REFUSED))

    async def _link(
        self, transaction: IntakeTransaction, code: LinkCode, by: Identity, translator: Translator
    ) -> Told:
        assert code.user is not None  # noqa: S101  who calls has looked
        maker, user = [await transaction.links.met(each.identity_id) for each in (code.maker, code.user)]
        await transaction.links.link(maker.identity_id, user.identity_id, shares_talk=code.shares_talk)
        entry = AuditEntry(
            in_chat(by), AuditAction.LINK, identity=user.identity_id, subject=str(user.account)
        )
        await transaction.record(entry)
        log.info("accounts.linked", account=str(maker.account), other=str(user.account))
        shares_talk = (await transaction.links.met(maker.identity_id)).shares_talk
        await self._tell(
            transaction, code.user, lambda there: self._done(maker, there, shares_talk=shares_talk)
        )
        return self._done(user, translator, shares_talk=shares_talk)

    async def _tell_in_private(
        self, transaction: IntakeTransaction, met: Met, told: Callable[[Translator], Told]
    ) -> None:
        """Tell an account where it last said something in private, as far as that is known."""
        found = await transaction.links.last_private(met.identity_id)
        if found is not None:
            place, address = found
            here = await transaction.find_or_open(place, -met.identity_id)
            await self._tell(transaction, Side(met.identity_id, here, address), told, place)

    async def _tell(
        self,
        transaction: IntakeTransaction,
        side: Side,
        told: Callable[[Translator], Told],
        place: Place | None = None,
    ) -> int:
        """Queue what the other side is told, in its language; the turn that says it."""
        place = place or await transaction.links.place_of(side.conversation_id)
        locale = await transaction.locale_of(side.identity_id)
        said = told(self._translators.for_reader(locale, place))
        turn_id = await transaction.add_turn(
            side.conversation_id, side.identity_id, side.address, notice=said.text, offers=said.offers
        )
        await transaction.announce(side.conversation_id, place.platform)
        transaction.work_elsewhere.append(side.conversation_id)
        return turn_id

    def _asked(self, phrase: LinkPhrase, who: Met, code: LinkCode, translator: Translator) -> Told:
        say, word = translator.say, translator.say(LinkPhrase.LINK_WORD)
        words = {"yes": f"{word} {say(Phrase.FORM_YES)}", "no": f"{word} {say(Phrase.FORM_NO)}"}
        together = [say(LinkPhrase.LINK_ASK_TOGETHER)] if code.shares_talk else []
        parts = [say(phrase, who=called(who)), *together, say(LinkPhrase.LINK_ANSWER_WORDS, **words)]
        return Told("\n\n".join(parts), (Action.LINK, Action.NOT_ME))

    def _done(self, who: Met, translator: Translator, *, shares_talk: bool) -> Told:
        say, word = translator.say, translator.say(LinkPhrase.LINK_WORD)
        words = {
            "usage": say(Phrase.USAGE_NAME),
            "export": say(RightsPhrase.EXPORT_NAME),
            "forget": say(Phrase.MEMORY_FORGET_WORD),
            "undo": say(LinkPhrase.UNLINK_WORD),
        }
        talk = (
            say(LinkPhrase.LINK_DONE_TOGETHER, word=f"{word} {say(LinkPhrase.LINK_APART_WORD)}")
            if shares_talk
            else say(LinkPhrase.LINK_DONE_APART, word=f"{word} {say(LinkPhrase.LINK_TOGETHER_WORD)}")
        )
        return Told(f"{say(LinkPhrase.LINK_DONE, who=called(who), **words)} {talk}", (Action.UNLINK,))

    def _taken_out(self, met: Met, translator: Translator) -> Told:
        return Told(translator.say(LinkPhrase.UNLINK_DONE, who=called(met)))

    def _now_together(self, translator: Translator) -> str:
        word = f"{translator.say(LinkPhrase.LINK_WORD)} {translator.say(LinkPhrase.LINK_APART_WORD)}"
        return translator.say(LinkPhrase.LINK_NOW_TOGETHER, word=word)

    def _now_apart(self, translator: Translator) -> str:
        return translator.say(LinkPhrase.LINK_NOW_APART)

    def _not_linked(self, translator: Translator) -> Told:
        return Told(translator.say(LinkPhrase.LINK_NOT_LINKED, word=translator.say(LinkPhrase.LINK_WORD)))

    def _no_such(self, translator: Translator) -> Told:
        return Told(translator.say(LinkPhrase.LINK_NO_SUCH_CODE, word=translator.say(LinkPhrase.LINK_WORD)))

    def _impossible(self, why: NotLinked, translator: Translator) -> str:
        most = self._settings.most_accounts
        values = {"most": most} if why is NotLinked.TOO_MANY else {}
        return translator.say(IMPOSSIBLE[why], **values)


IMPOSSIBLE = {
    NotLinked.ALREADY: LinkPhrase.LINK_ALREADY,
    NotLinked.BLOCKED: LinkPhrase.LINK_IMPOSSIBLE,
    NotLinked.FORGETTING: LinkPhrase.LINK_FORGETTING,
    NotLinked.TOO_MANY: LinkPhrase.LINK_TOO_MANY,
}
"""What is said where two accounts can't be linked. Of a block nobody is told who does not know of it."""


def called(met: Met) -> str:
    """An account as people can tell it from others: its name, platform, workspace and id."""
    where = f", {met.workspace_name}" if met.workspace_name else ""
    about = f"{met.identity.platform}:{met.identity.workspace}/{met.identity.user}".replace(":/", ":")
    return quoted(f"{met.name} ({about}{where})" if met.name else f"{about}{where}")

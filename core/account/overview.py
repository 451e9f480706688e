"""The word `account`: what the account has, what was spent, by day and by model, and whose answers cost most."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.account.near_limits import limits_of
from core.account.quoting import code
from core.account.settings import AccountSettings
from core.aivax.account import AccountClient, Balance
from core.aivax.account_routes.usage import Part, UsageReport, read_usage
from core.aivax.admin import AdminRoutes
from core.conversations.capabilities import CapabilityRun
from core.domain import AivaxError, Capability, MadeFile, Translator
from core.i18n import Phrase, figures
from core.storage.spenders import PersonsShare, PlacesShare, Spenders
from core.util.log import log

DAY = timedelta(days=1)
MOST_LIMITS = 12
NEAR = {"storage": Phrase.ACCOUNT_NEAR_STORAGE, "calls": Phrase.ACCOUNT_NEAR_CALLS}


@dataclass(frozen=True, slots=True)
class Account:
    """Where the account is read: AIVAX' routes, and our own rows."""

    client: AccountClient
    admin: AdminRoutes
    spenders: Spenders
    now: Callable[[], datetime]


class Overview:
    """Carries `account` out."""

    capability = Capability(
        "account", Phrase.ACCOUNT_NAME, Phrase.ACCOUNT_COMMAND, private=True, operators_only=True, free=True
    )

    def __init__(self, settings: AccountSettings, account: Account) -> None:
        self._settings = settings
        self._account = account

    async def run(self, run: CapabilityRun) -> None:
        """Tell what is known; what AIVAX does not tell now is said so, and the rest stands all the same."""
        translator = run.translator
        report = await self._report()
        paragraphs = [
            await self._of_balance(translator),
            *self._of_report(report, translator),
            await self._of_spenders(translator),
        ]
        await run.write("\n\n".join(filter(None, paragraphs)))
        if report is not None and any(usd > 0 for _, usd in report.days):
            await run.show(self._chart(report, translator))

    async def _of_balance(self, translator: Translator) -> str:
        try:
            balance = await self._account.client.balance()
        except AivaxError as error:
            log.warning("account.unreadable", cause=str(error))
            return translator.say(Phrase.ACCOUNT_UNREADABLE)
        if balance is None:
            return translator.say(Phrase.ACCOUNT_UNTOLD)
        calls = await self._account.spenders.calls_since(self._account.now() - DAY)
        near = [
            translator.say(NEAR[each.kind], percent=f"{each.percent} %")
            for each in limits_of(balance, calls)
            if each.is_near
        ]
        told = figures(balance.balance_usd, balance.usage_24h_usd, translator)
        return "\n".join(filter(None, [told, *near, _plan(balance, translator)]))

    async def _report(self) -> UsageReport | None:
        """What was spent by day; None where AIVAX does not tell it now."""
        now = self._account.now()
        first_day = (now - DAY * (self._settings.days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
        try:
            return await read_usage(self._account.admin, first_day, now)
        except AivaxError as error:
            log.warning("usage.unreadable", cause=str(error))
            return None

    def _of_report(self, report: UsageReport | None, translator: Translator) -> Iterable[str]:
        span = translator.duration(self._settings.days * DAY.total_seconds())
        if report is None:
            yield translator.say(Phrase.ACCOUNT_USAGE_UNREADABLE)
            return
        if not report.total_usd:
            yield translator.say(Phrase.ACCOUNT_UNSPENT, span=span)
            return
        yield translator.say(Phrase.ACCOUNT_SPENT, span=span, usd=translator.money(report.total_usd))
        yield self._parts(Phrase.ACCOUNT_MODELS, report.models, translator)
        if len(report.categories) > 1:
            yield self._parts(Phrase.ACCOUNT_KINDS, report.categories, translator)

    def _parts(self, title: Phrase, parts: Sequence[Part], translator: Translator) -> str:
        lines = [f"- {code(each.name)}: {translator.money(each.usd)}" for each in parts[: self._settings.top]]
        if rest := len(parts) - len(lines):
            lines.append(f"- {translator.say(Phrase.LIST_MORE, count=rest)}")
        return "\n".join([translator.say(title), *lines]) if lines else ""

    async def _of_spenders(self, translator: Translator) -> str:
        """Whose answers cost most here, and where: of what this bot answered, whoever else uses the account."""
        span = self._settings.days * DAY
        since, spenders = self._account.now() - span, self._account.spenders
        people = await spenders.people(since, self._settings.top)
        if not people:
            return ""
        places = await spenders.places(since, self._settings.top)
        told = translator.say(Phrase.ACCOUNT_PEOPLE, span=translator.duration(span.total_seconds()))
        lines = [f"- {_share(code(each.name), each, translator)}" for each in people]
        where = [f"- {_share(_place(each, translator), each, translator)}" for each in places]
        return "\n".join([told, *lines, "", translator.say(Phrase.ACCOUNT_PLACES), *where])

    def _chart(self, report: UsageReport, translator: Translator) -> MadeFile:
        from core.account.chart import bars  # only who looks at the account pays for it

        known = dict(report.days)
        last = max([self._account.now().date(), *known])
        days = [last - DAY * back for back in reversed(range(self._settings.days))]
        amounts = [known.get(day, 0.0) for day in days]
        caption = _caption(days, max(amounts), translator)
        return MadeFile("spending.png", "image/png", caption, bars(amounts))


def _caption(days: Sequence[date], highest_usd: float, translator: Translator) -> str:
    first, last = days[0].isoformat(), days[-1].isoformat()
    return translator.say(Phrase.ACCOUNT_CHART, first=first, last=last, highest=translator.money(highest_usd))


def _plan(balance: Balance, translator: Translator) -> str:
    """The plan, and its limits as far as they are numbers, by AIVAX' names for them."""
    told = [
        f"{code(name)} {value:g}"
        for name, value in (balance.plan_limits or {}).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    parts = [translator.say(Phrase.ACCOUNT_PLAN, plan=code(balance.plan))] if balance.plan else []
    if told:
        parts.append(translator.say(Phrase.ACCOUNT_LIMITS, limits=", ".join(told[:MOST_LIMITS])))
    return " ".join(parts)


def _share(who: str, share: PersonsShare | PlacesShare, translator: Translator) -> str:
    if share.usd is None:
        return translator.say(Phrase.ACCOUNT_UNPRICED, who=who, count=share.answers)
    return translator.say(Phrase.ACCOUNT_SHARE, who=who, usd=translator.money(share.usd), count=share.answers)


def _place(share: PlacesShare, translator: Translator) -> str:
    name = ":".join(filter(None, (share.platform, share.workspace, share.channel)))
    return code(name) if share.channel else f"{code(name)}, {translator.say(Phrase.ACCOUNT_DIRECT)}"

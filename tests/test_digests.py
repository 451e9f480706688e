"""Digests: made once when they are due, of what people said, each statement linked; nothing is kept of them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from bots import PROBLEM
from bots.cli.operations.digest_runs import list_digests, print_digest
from bots.cli.operations.system_user import system_user
from bots.doctor.checks import channels_of
from bots.frontends import installed
from bots.setting_rules.reading import SettingsRefused
from bots.settings import compose, load
from core.domain import ChannelMessage, Identity, Place, PlatformBusy, Quote, SettingRefused
from core.scheduled.digests.runs import DigestRuns
from core.scheduled.settings import DigestSettings, check
from core.settings import StorageSettings
from core.storage.db import Database
from core.storage.ops.retention import Retention
from core.storage.scheduled.digests import DigestStore, Target
from sandbox.server import serve
from tests.samples import ANA, CHANNEL, said
from tests.stage import FakePlatform, Stage, staged
from tests.waiting import soon

MONDAY = datetime(2026, 9, 7, tzinfo=UTC)
NINE = MONDAY + timedelta(days=1, hours=9)
DIGEST: dict[str, Any] = {"name": "talk", "channel": "fake:general", "at": "09:00", "fewest_messages": 1}


def spoken(*texts: str, by: str = "ana", at: datetime = MONDAY + timedelta(hours=12)) -> list[ChannelMessage]:
    return [
        ChannelMessage(
            Quote(f"{by}{number}", by.title(), text, author=by), at + timedelta(minutes=number), "general/x"
        )
        for number, text in enumerate(texts, 1)
    ]


class Clock:
    """The database's time, in the test's hands."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


class House:
    """A process with digests, and time in the test's hands."""

    def __init__(self, stage: Stage, clock: Clock) -> None:
        self.stage = stage
        self.clock = clock
        self.platform: FakePlatform = stage.platform
        (self.runs,) = (
            each.__self__
            for each in stage.core.upkeep
            if isinstance(getattr(each, "__self__", None), DigestRuns)
        )

    async def at(self, moment: datetime) -> list[str]:
        """Let it be that moment; what the channel shows after that."""
        self.clock.moment = moment
        await self.runs.look()
        await self.stage.rest()
        await self.runs.look()
        return self.shown

    @property
    def shown(self) -> list[str]:
        return self.platform.visible("general")


@asynccontextmanager
async def house(
    url: str,
    messages: Sequence[ChannelMessage],
    *,
    start: datetime = MONDAY + timedelta(hours=10),
    sections: dict[str, Any] | None = None,
    **digest: Any,
) -> AsyncIterator[House]:
    clock, platform = Clock(start), FakePlatform()
    platform.spoken["general"] = messages
    async with staged(
        url, platform=platform, now=clock, digests=[{**DIGEST, **digest}], **(sections or {})
    ) as stage:
        yield House(stage, clock)


async def test_a_digest_is_posted_when_it_is_due_with_each_statement_linked(migrated_url: str) -> None:
    async with house(migrated_url, spoken("we release on Friday", "who brings cake?")) as it:
        assert await it.at(MONDAY + timedelta(hours=10)) == []  # a new one: yesterday is not made up for
        assert await it.at(NINE - timedelta(seconds=1)) == []
        (shown,) = await it.at(NINE)
        again = await it.at(NINE + timedelta(hours=5))

    assert "2026-09-07 09:00" in shown
    assert "we release on Friday" in shown
    assert "(https://chat.example/general/ana1)" in shown
    assert "(https://chat.example/general/ana2)" in shown
    assert again == [shown]


async def test_only_what_people_said_in_its_time_who_are_not_left_out_is_sent(sqlite_url: str) -> None:
    messages = [
        *spoken("too early", at=MONDAY),
        *spoken("of Ana"),
        *spoken("of Ben", by="ben"),
        *spoken("of Eve, who is blocked", by="eve"),
        *[
            ChannelMessage(each.quote, each.at, each.address, by_bot=True)
            for each in spoken("of a bot", by="bot")
        ],
        *spoken("too late", at=NINE),
    ]
    sections = {"access": {"block_users": ["fake:eve"]}}
    async with house(sqlite_url, messages, sections=sections) as it:
        await it.at(it.clock())
        await it.stage.hear(said("digests off", by=_ben(), at=CHANNEL))
        told = it.platform.visible(CHANNEL.channel)[-1]
        await it.at(NINE)
        asked = str(it.stage.asked[-1]["messages"])

    assert "left out of digests" in told
    assert "of Ana" in asked
    for each in ("of Ben", "of Eve", "of a bot", "too early", "too late"):
        assert each not in asked


def _ben() -> Any:
    return replace(ANA, identity=replace(ANA.identity, user="ben"), name="Ben")


async def test_nothing_that_was_said_is_stored_once_a_digest_is_posted(sqlite_url: str) -> None:
    async with house(sqlite_url, spoken("the secret word is xylophone")) as it:
        await it.at(it.clock())
        (shown,) = await it.at(NINE)
        rows = await it.stage.rows("SELECT group_concat(text) FROM messages")
        answers = await it.stage.rows("SELECT answer FROM turns")
        calls, cost = (
            await it.stage.rows("SELECT count(*) FROM usage WHERE credits > 0"),
            it.stage.times_asked,
        )

    assert "xylophone" in shown
    assert "xylophone" not in str(rows)
    assert answers == [None]
    assert calls == [1]
    assert cost == 1


@pytest.mark.parametrize(("quiet", "expected"), [("nothing", 0), ("sentence", 1)])
async def test_a_quiet_channel_costs_nothing(sqlite_url: str, quiet: str, expected: int) -> None:
    async with house(sqlite_url, spoken("hm"), fewest_messages=2, quiet=quiet) as it:
        await it.at(it.clock())
        shown = await it.at(NINE)

        assert len(shown) == expected
        assert it.stage.times_asked == 0
        assert await it.stage.rows("SELECT state FROM turns") == ["answered"]


async def test_days_of_downtime_make_one_digest_and_what_is_too_old_is_said_and_skipped(
    migrated_url: str,
) -> None:
    days = [spoken(f"said on day {n}", at=MONDAY + timedelta(days=n, hours=12)) for n in range(6)]
    messages = [each for day in days for each in day]
    async with house(migrated_url, messages) as it:
        await it.at(it.clock())
    async with house(migrated_url, messages, start=NINE + timedelta(days=4, hours=3)) as it:
        (caught_up,) = await it.at(it.clock())
        assert it.stage.times_asked == 1
    async with house(migrated_url, messages, start=NINE + timedelta(days=5, hours=20)) as it:
        (skipped,) = await it.at(it.clock())
        assert it.stage.times_asked == 0

    assert "said on day 4" in caught_up
    assert "said on day 3" not in caught_up
    assert "I couldn't make it in time" in skipped


async def test_a_clock_that_is_put_back_makes_none_twice(sqlite_url: str) -> None:
    lisbon = {"time_zone": "Europe/Lisbon", "at": "01:30"}
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 01:30, and an hour later it is 01:30 again
    talk = spoken("late talk", at=first - timedelta(hours=2))
    async with house(sqlite_url, talk, start=first - timedelta(days=1), **lisbon) as it:
        await it.at(it.clock())
        for minutes in (-1, 0, 1, 59, 60, 61):
            await it.at(first + timedelta(minutes=minutes))
        await it.at(first - timedelta(hours=3))  # the machine's clock was wrong
        await it.at(first + timedelta(hours=2))

        assert len(it.shown) == 1


async def test_two_processes_that_look_at_one_instant_make_one(migrated_url: str) -> None:
    async with house(migrated_url, spoken("hello")) as it:
        await it.at(it.clock())
        it.clock.moment = NINE
        other = DigestRuns(
            it.runs._planned,
            DigestStore(it.stage.core.database, it.clock),
            it.runs._translators,
            it.clock,
            it.runs._leading,
            it.runs._telling,
        )
        await soon("both", asyncio.gather(it.runs.look(), other.look(), it.runs.look()))
        await it.stage.rest()

        assert len(it.shown) == 1
        assert await it.stage.rows("SELECT count(*) FROM digest_runs WHERE turn_id IS NOT NULL") == [1]


async def test_a_bug_that_one_digest_meets_keeps_no_other_waiting(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(migrated_url, spoken("hello")) as it:
        (planned,) = it.runs._planned
        broken = replace(planned, settings=planned.settings.model_copy(update={"name": "broken"}))
        it.runs._planned = (broken, planned)
        last_due = DigestStore.last_due

        async def no_last(store: DigestStore, name: str) -> datetime | None:
            if name == "broken":
                raise OverflowError("beyond the last day")
            return await last_due(store, name)

        monkeypatch.setattr(DigestStore, "last_due", no_last)
        await it.at(it.clock())
        (shown,) = await it.at(NINE)

    assert "hello" in shown


async def test_a_schedule_without_a_next_time_ends_nothing(sqlite_url: str) -> None:
    looks = asyncio.Queue[float]()

    async def sleep(seconds: float) -> None:
        looks.put_nowait(seconds)
        await asyncio.sleep(0)

    async with house(sqlite_url, [], start=datetime(9999, 12, 30, tzinfo=UTC)) as it:
        looking = asyncio.create_task(it.runs.run(sleep))
        waits_s = [await soon("a look", looks.get()) for _ in range(3)]
        looking.cancel()

    assert waits_s == [60.0] * 3


async def test_what_an_alert_meets_keeps_no_ended_digest_s_words(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_alert(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug")

    async with house(sqlite_url, spoken("hello")) as it:
        await it.at(it.clock())
        monkeypatch.setattr(it.runs._telling.alerts, "heal", no_alert)
        (shown,) = await it.at(NINE)
        kept = await it.stage.rows("SELECT count(*) FROM messages WHERE text LIKE '%hello%'")
        stages = await it.stage.rows("SELECT stage FROM digest_runs WHERE turn_id IS NOT NULL")

    assert "hello" in shown
    assert kept == [0]
    assert stages == ["ended"]


async def test_without_money_a_digest_waits_and_is_made_once_there_is_some(sqlite_url: str) -> None:
    async with house(sqlite_url, spoken("hello")) as it:
        await it.at(it.clock())
        it.stage.sandbox.state.account.set_balance(0.0)
        assert await it.at(NINE) == []
        it.stage.sandbox.state.account.set_balance(5.0)
        it.clock.moment = NINE + timedelta(hours=1)
        await it.stage.heal()
        await it.stage.heal()

        assert len(it.shown) == 1
        assert "hello" in it.shown[0]


async def test_a_digest_that_waits_for_too_long_is_said_and_skipped(sqlite_url: str) -> None:
    async with house(sqlite_url, spoken("hello")) as it:
        await it.at(it.clock())
        it.stage.sandbox.state.account.set_balance(0)
        assert await it.at(NINE) == []
        assert await it.at(NINE + timedelta(hours=11)) == []
        (said_so,) = await it.at(NINE + timedelta(hours=13))
        it.stage.sandbox.state.account.set_balance(5)
        await it.stage.heal()

        assert "I couldn't make it in time" in said_so
        assert it.shown == [said_so]


async def test_a_channel_that_can_t_be_read_is_told_to_operators(sqlite_url: str) -> None:
    sections = {"operators": {"channel": "fake:ops"}}
    async with house(sqlite_url, [], sections=sections) as it:
        await it.at(it.clock())
        del it.platform.spoken["general"]
        assert await it.at(NINE) == []
        await it.stage.rest()
        alert = it.platform.visible("ops")
        it.platform.spoken["general"] = spoken("hello", at=NINE)
        await it.at(NINE + timedelta(days=1))
        await it.stage.rest()
        healed = it.platform.visible("ops")

    assert "digest talk could not be made" in alert[0]
    assert any("could be made again" in each for each in healed)


async def test_two_thousand_messages_in_two_languages_come_out_within_their_bounds(sqlite_url: str) -> None:
    words = ("vamos lançar na sexta-feira, combinado?", "we ship on Friday, agreed?")
    messages = [
        ChannelMessage(
            Quote(f"m{n}", ("Ana", "Ben")[n % 2], f"{words[n % 2]} ({n})", author=f"u{n % 7}"),
            MONDAY + timedelta(hours=10, seconds=n),
            "general/x",
        )
        for n in range(2_000)
    ]
    async with house(sqlite_url, messages, call_chars=30_000, language="pt-BR", digest_chars=3_000) as it:
        await it.at(it.clock())
        shown = "\n".join(await it.at(NINE))
        asked = it.stage.asked
        sizes = [len(str(each["messages"][-1]["content"])) for each in asked]
        firsts = str(asked[0]["messages"][0]["content"])
        (counted,) = await it.stage.rows("SELECT messages FROM digest_runs WHERE turn_id IS NOT NULL")
        (calls,) = await it.stage.rows("SELECT calls FROM digest_runs WHERE turn_id IS NOT NULL")
        (told,) = await it.stage.rows("SELECT prompt_tokens FROM usage")

    assert counted == 2_000
    assert "Português" in firsts
    assert "mensagens: 2.000" in shown
    assert calls == len(asked) <= 20
    assert max(sizes) <= 30_000
    assert told > 2_000 * 10  # all calls of it, not the last one's alone
    assert len(re.findall(r"https://chat\.example/general/m\d+", shown)) >= 10
    assert len(re.sub(r"\]\([^)]*\)", "", shown)) < 3_200


async def test_a_digest_stops_at_the_calls_that_it_may_cost(sqlite_url: str) -> None:
    messages = spoken(*(f"{'so many words ' * 20}{n}" for n in range(40)))
    async with house(sqlite_url, messages, call_chars=2_000, most_calls=3) as it:
        await it.at(it.clock())
        shown = "\n".join(await it.at(NINE))

        assert it.stage.times_asked == 3
        assert "/ana40)" in shown
        assert "/ana1)" not in shown
        assert "the oldest messages are left out" in shown


async def test_calls_before_an_outage_are_neither_asked_nor_counted_twice(sqlite_url: str) -> None:
    messages = spoken(*(f"{'so many words ' * 20}{n}" for n in range(20)))
    async with house(sqlite_url, messages, call_chars=3_000) as it:
        await it.at(it.clock())
        it.stage.sandbox.state.account.set_balance(1e-6)  # enough for one call
        await it.at(NINE)
        before, shown_before = it.stage.times_asked, list(it.shown)
        it.stage.sandbox.state.account.set_balance(5.0)
        for hour in range(1, 4):
            it.clock.moment = NINE + timedelta(hours=hour)
            await it.stage.heal()
        bodies = [str(each["messages"]) for each in it.stage.asked]
        (told,) = await it.stage.rows("SELECT prompt_tokens FROM usage")

    assert before >= 1
    assert shown_before == []
    assert len(it.shown) >= 1
    assert len(set(bodies)) >= len(bodies) - 2  # those that were refused
    assert told * 4 > sum(map(len, set(bodies))) * 0.8


async def test_a_platform_that_is_away_delays_a_digest(sqlite_url: str) -> None:
    async with house(sqlite_url, spoken("hello")) as it:
        await it.at(it.clock())
        read = it.platform.said_between
        broken = [True]

        async def busy(*asked: Any) -> Any:
            if broken:
                raise PlatformBusy("fake", retry_after_s=5.0)
            return await read(*asked)

        it.platform.said_between = busy  # type: ignore[method-assign]
        assert await it.at(NINE) == []
        broken.clear()
        it.clock.moment += timedelta(seconds=60)
        await it.stage.core.pool.sweep()
        await it.stage.rest()

        assert len(it.shown) == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('at = "9:00"', "[[digests]] entry 1, at = '9:00': write a time of day with four digits"),
        ('at = "25:00"', 'such as "09:00"'),
        ('name = "Big One"', "small letters"),
        ('channel = "general"', "write it as platform:channel"),
        ('channel = "irc:x"', "there is no platform 'irc'"),
        ('days = ["monday", "monday"]', "name each day once"),
        ('days = ["funday"]', "monday"),
        ('time_zone = "Mars/Base"', "IANA name"),
        ("most_calls = 0", "1 or more"),
    ],
)
def test_a_digest_that_can_t_be_is_refused_by_its_name(tmp_path: Path, line: str, problem: str) -> None:
    given = {"name": 'name = "a"', "channel": 'channel = "slack:C0123456"'}
    lines = "\n".join({**given, line.split(" ")[0]: line}.values())
    (tmp_path / "config.toml").write_text(f"[[digests]]\n{lines}\n", encoding="utf-8")

    with pytest.raises(SettingsRefused) as refused:
        load(installed(), path=tmp_path / "config.toml", environment={})

    assert problem in str(refused.value)


def test_what_only_all_digests_tell_is_refused_before_the_start() -> None:
    one = DigestSettings(name="a", channel="slack:C1")

    with pytest.raises(SettingRefused, match="a name of its own"):
        check([one, one])
    with pytest.raises(SettingRefused, match="post on the same platform"):
        check([one.model_copy(update={"post_to": "discord:1"})])
    with pytest.raises(SettingRefused, match="install tzdata"):  # a name that no data of this machine has
        check([one.model_copy(update={"time_zone": "Mars/Base"})])


async def test_a_digest_whose_process_was_killed_in_the_midst_is_made_once_by_the_next(
    migrated_url: str,
) -> None:
    at_once = {"limits": {"shutdown_grace_s": 0.1}}
    async with house(migrated_url, spoken("hello"), sections=at_once) as it:
        await it.at(it.clock())
        stuck, reading = asyncio.Event(), asyncio.Event()

        async def hangs(*_: Any) -> Any:
            reading.set()
            await stuck.wait()  # no deadline: the process ends before

        it.platform.said_between = hangs  # type: ignore[method-assign]
        it.clock.moment = NINE
        await it.runs.look()
        await soon("the channel to be read", reading.wait())
    async with house(migrated_url, spoken("hello"), start=NINE + timedelta(minutes=5)) as it:
        gone = "UPDATE turns SET state = 'running', owner = 'dead', lease_until = '2026-09-08 09:00:01'"
        await it.stage.change(gone)  # what a kill leaves, in place of the orderly end
        await it.stage.core.pool.sweep()
        await it.stage.rest()
        shown = await it.at(NINE + timedelta(minutes=10))

        assert len(shown) == 1
        assert "hello" in shown[0]
        assert it.stage.times_asked == 1


async def test_the_command_lists_digests_and_prints_one_without_posting_it(
    sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    platform = FakePlatform()
    async with serve(plan="max", balance=100.0) as sandbox:
        async with staged(sqlite_url, platform=platform, digests=[DIGEST], sandbox=sandbox) as stage:
            now = stage.core.database.now()
        settings = stage.settings.model_copy()
        schedule = settings.digests[0].schedule
        due = schedule.latest(now)
        platform.spoken["general"] = spoken("we release on Friday", at=schedule.before(due))

        @asynccontextmanager
        async def opened(*_: Any) -> AsyncIterator[FakePlatform]:
            yield platform

        object.__setattr__(settings, "fake", None)  # the section that an installed platform would have
        plugins: Any = {"fake": SimpleNamespace(open=opened)}
        assert await list_digests(settings, as_json=True) == 0
        listed = json.loads(capsys.readouterr().out)
        assert await print_digest(settings, plugins, "talk") == 0
        printed = capsys.readouterr().out
        assert await print_digest(settings, plugins, "walk") == PROBLEM
        refused = capsys.readouterr().err
        async with Database(sqlite_url) as database, database.read() as connection:
            acts = text("SELECT via, actor, action, subject FROM audit_log")
            told = [tuple(row) for row in await connection.execute(acts)]

    assert listed["digests"][0]["name"] == "talk"
    assert listed["digests"][0]["next"] == schedule.after(now).isoformat()
    assert "we release on Friday" in printed
    assert "https://chat.example/general/ana1" in printed
    assert platform.visible("general") == []
    assert "there is no digest 'walk'; there are: talk" in refused
    assert told == [("command", system_user().name, "digest.print", "talk")]


def test_doctor_looks_at_the_channels_of_digests() -> None:
    digests = [DigestSettings(name="a", channel="slack:C1", post_to="slack:C2")]
    settings = compose(installed())(digests=digests)

    assert channels_of(settings, "slack") == ["C1", "C2"]
    assert channels_of(settings, "discord") == []


async def test_pieces_that_were_paid_before_a_crash_count_against_bounds_and_in_usage(
    migrated_url: str,
) -> None:
    messages = spoken(*(f"{'so many words ' * 20}{n}" for n in range(20)))
    more = {"call_chars": 3_000, "most_usd": 0.5}
    async with house(migrated_url, messages, **more) as it:
        await it.at(it.clock())
        read, broken = it.platform.said_between, [True]

        async def dies(*asked: Any) -> Any:
            if broken:  # as a process leaves it that is killed after three calls
                await it.stage.change("UPDATE digest_runs SET calls = 3, usd = 0.6 WHERE turn_id IS NOT NULL")
                raise PlatformBusy("fake", retry_after_s=5.0)
            return await read(*asked)

        it.platform.said_between = dies  # type: ignore[method-assign]
        await it.at(NINE)
        broken.clear()
        it.clock.moment += timedelta(seconds=60)
        await it.stage.core.pool.sweep()
        await it.stage.rest()
        shown = await it.at(it.clock())
        asked = it.stage.times_asked
        (cost,) = await it.stage.rows("SELECT other_usd FROM usage")
        await it.runs.look()
        costs = await it.stage.rows("SELECT other_usd FROM usage")

    assert asked == 0
    assert shown == ["There is no digest this time: what one may cost is used up."]
    assert cost == pytest.approx(0.6)
    assert costs == [cost]


async def test_what_this_process_paid_is_in_the_row_and_counted_once(sqlite_url: str) -> None:
    async with house(sqlite_url, spoken("hello")) as it:
        await it.at(it.clock())
        await it.at(NINE)
        (paid,) = await it.stage.rows("SELECT usd FROM digest_runs WHERE turn_id IS NOT NULL")
        (told,) = await it.stage.rows("SELECT credits + coalesce(other_usd, 0) FROM usage")

    assert paid > 0
    assert told == pytest.approx(paid)


async def test_rows_of_old_digests_go_but_for_the_newest_and_those_under_way(database: Database) -> None:
    clock = Clock(MONDAY)
    store, target = DigestStore(database, clock), Target(Place("fake", "W1", "general"), "general", "en")
    await store.begin("talk", MONDAY - timedelta(days=3))
    await store.queue("talk", (MONDAY - timedelta(days=3), MONDAY - timedelta(days=2)), target, "digest")
    await store.skip("talk", MONDAY - timedelta(days=1), "too late", target)
    await store.skip("talk", MONDAY, "too late", target)
    await store.begin("old", MONDAY)
    clock.moment += timedelta(days=89)
    too_soon = await Retention(database, clock, StorageSettings()).sweep()
    clock.moment += timedelta(days=2)
    swept = await Retention(database, clock, StorageSettings()).sweep()
    async with database.read() as connection:
        left = text("SELECT name, stage FROM digest_runs ORDER BY due_at, name")
        rows = [tuple(row) for row in await connection.execute(left)]

    assert too_soon.digests == 0
    assert swept.digests == 2
    assert rows == [("talk", "asked"), ("old", "first"), ("talk", "skipped")]


async def test_digests_leave_out_all_accounts_of_who_said_so_in_one(migrated_url: str) -> None:
    messages = [*spoken("of Ana"), *spoken("of Zoe", by="zoe"), *spoken("of Ben", by="ben")]
    zoe = replace(ANA, identity=Identity("fake", "W1", "zoe"), name="Zoe")
    at = replace(CHANNEL, channel="D-zoe", private=True)
    link = "UPDATE identities SET home_person_id = person_id, person_id = (SELECT min(person_id) FROM identities)"
    async with house(migrated_url, messages) as it:
        await it.at(it.clock())
        await it.stage.hear(said("digests off", by=zoe, at=at))
        await it.stage.hear(said("digests"))
        before = it.platform.visible("D-ana")[-1]
        await it.stage.change(f"{link} WHERE \"user\" IN ('ana', 'zoe')")
        await it.stage.hear(said("digests"))
        linked = it.platform.visible("D-ana")[-1]
        await it.at(NINE)
        asked = str(it.stage.asked[-1]["messages"])
        await it.stage.hear(said("digests on"))
        await it.stage.hear(said("digests", by=zoe, at=at))
        again = it.platform.visible("D-zoe")[-1]
        await it.stage.hear(said("digests off"))
        await it.stage.change("UPDATE identities SET person_id = coalesce(home_person_id, person_id)")
        await it.stage.hear(said("digests", by=zoe, at=at))
        apart = it.platform.visible("D-zoe")[-1]

    assert "left out of digests" not in before
    assert "left out of digests" in linked
    assert "of Ben" in asked
    assert "of Ana" not in asked
    assert "of Zoe" not in asked
    assert "left out of digests" not in again
    assert "left out of digests" in apart

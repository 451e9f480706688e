"""What the people who run the bot are told: once for each cause, once when it is gone, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import structlog

from bots.setting_rules.reading import SettingsRefused
from bots.settings import OperatorSettings, load
from bots.supervisor import GRACE_S, Absences, Board
from core.domain import (
    Attachment,
    Blob,
    Breaker,
    Cause,
    FrontendRefused,
    FrontendUnreachable,
    Place,
    PlaceClosed,
)
from core.i18n import Phrase
from core.storage.turns.breakers import BreakerStore
from sandbox.faults import Fault
from sandbox.server import Sandbox, serve
from tests.fakes import Fault as PlaceFault
from tests.samples import BEN, PNG, WallClock, said
from tests.shipped import shipped
from tests.stage import FakePlatform, Stage, staged
from tests.waiting import waiting_for

OPERATORS: dict[str, Any] = {"channel": "fake:ops"}
KEY = "sk-aiv-acc-sandbox"


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def sandbox(clock: WallClock) -> AsyncIterator[Sandbox]:
    async with serve(plan="max", balance=50) as server:
        yield server


@pytest.fixture
async def stage(migrated_url: str, clock: WallClock, sandbox: Sandbox) -> AsyncIterator[Stage]:
    async with staged(migrated_url, sandbox=sandbox, now=clock, operators=OPERATORS) as opened:
        await opened.heal()
        yield opened


def told(stage: Stage) -> list[str]:
    return stage.platform.visible("ops")


async def later(stage: Stage, clock: WallClock, seconds: float) -> None:
    clock.advance(seconds=seconds)
    await stage.heal()
    await stage.heal()


async def has_balance(stage: Stage, clock: WallClock, usd: float) -> None:
    """The account stands at this, and the next reading of it is due."""
    stage.sandbox.state.account.set_balance(usd)
    await later(stage, clock, 301)


# Gates


async def test_an_empty_account_is_told_once_and_its_recovery_once(stage: Stage, clock: WallClock) -> None:
    stage.sandbox.state.account.set_balance(0)
    for number in range(5):
        await stage.hear(said("hello", at=Place("fake", "W1", f"D-{number}", private=True)))
    for _ in range(3):
        await later(stage, clock, 5)
    (closed,) = told(stage)
    assert "out of credit" in closed
    assert "Balance: $0.00." in closed

    stage.sandbox.state.account.set_balance(50)
    for _ in range(3):
        await later(stage, clock, 20)

    assert told(stage)[1:] == ["The AIVAX account has credit again: I'm answering what was kept."]
    assert set(await stage.rows("SELECT state FROM turns")) == {"answered"}
    assert await stage.rows("SELECT key FROM alerts") == []


async def test_a_full_storage_is_told_and_healed(stage: Stage, clock: WallClock) -> None:
    stage.sandbox.state.account.over_quota = True
    await stage.hear(said("hello"))
    await later(stage, clock, 1)

    stage.sandbox.state.account.over_quota = False
    await later(stage, clock, 20)

    first, second = told(stage)
    assert "storage is over its quota" in first
    assert "under its quota again" in second


async def test_a_balance_too_low_for_files_is_told_and_healed(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    unwatched = {**OPERATORS, "balance_thresholds": ()}
    patient = {"balance_interval_s": 86_400}
    sandbox.state.account.set_balance(0.3)
    async with staged(migrated_url, sandbox=sandbox, now=clock, operators=unwatched, aivax=patient) as stage:
        await stage.heal()
        stage.platform.files["f1"] = Blob(PNG, "image/png")
        sandbox.state.account.set_balance(0.05)
        await stage.hear(
            said("what is this?", attachments=(Attachment("f1", "cat.png", "image/png", len(PNG)),))
        )
        await later(stage, clock, 1)
        sandbox.state.account.set_balance(2)
        await later(stage, clock, 20)

        first, second = told(stage)
        assert "too low for files" in first
        assert "enough for files again" in second


async def test_a_short_rate_limit_is_nobodys_concern_and_a_long_one_is_told(
    stage: Stage, clock: WallClock
) -> None:
    stage.sandbox.state.faults.add(Fault("completions", "status", status=429, retry_after=5))
    await stage.hear(said("hello"))
    await later(stage, clock, 10)
    assert told(stage) == []

    stage.sandbox.state.faults.add(Fault("completions", "status", status=429, retry_after=7200))
    await stage.hear(said("hello again"))
    await later(stage, clock, 1)
    await later(stage, clock, 7300)

    closed, opened = told(stage)
    assert "takes no more calls to `sandbox:50c3`" in closed
    assert "in about 2 hours" in closed
    assert "takes calls to `sandbox:50c3` again" in opened


async def test_the_time_of_a_probe_does_not_make_a_short_rate_limit_a_long_one(
    stage: Stage, clock: WallClock
) -> None:
    await stage.hear(said("hello"))
    breaker, store = Breaker(Cause.RATE, "sandbox:50c3"), BreakerStore(stage.core.database, clock)
    await store.trip(breaker, lambda _probes: clock() + timedelta(seconds=5), None)
    clock.advance(seconds=25)
    assert (await store.passage([breaker], turn_id=1)).is_probe

    await stage.core.admitting.account_alerts.look()
    await stage.rest()

    assert told(stage) == []


async def test_a_cap_is_told_with_the_service_s_own_words_made_harmless(
    stage: Stage, clock: WallClock
) -> None:
    says = "Weekly `inference cap`\nof <!channel> reached, sk-aiv-acc-0123456789 " + "and more " * 60
    fault = Fault("completions", "stream-error", after_chunks=0, code="INFERENCE_CAP_ERROR", message=says)
    stage.sandbox.state.faults.add(fault)
    await stage.hear(said("hello"))
    await later(stage, clock, 1)
    (closed,) = told(stage)
    await later(stage, clock, 700)

    assert "a cap on its use is reached" in closed
    assert "`Weekly 'inference cap' of <!channel> reached, *** and more" in closed
    assert "0123456789" not in closed
    assert len(closed) < 400
    assert "in about 10 minutes" in closed
    assert "takes calls to `sandbox:50c3` again" in told(stage)[1]
    assert await stage.are({"answered"})


async def test_an_outage_is_told_once_it_lasts(stage: Stage, clock: WallClock) -> None:
    stage.sandbox.state.faults.add(Fault("completions", "status", status=503, times=5))
    await stage.hear(said("hello"), said("hi", by=BEN, at=Place("fake", "W1", "D-ben", private=True)))
    await later(stage, clock, 1)
    assert told(stage) == []

    for _ in range(30):
        await later(stage, clock, 10)

    closed, opened = told(stage)
    assert "doesn't answer calls" in closed
    assert "answers calls to `sandbox:50c3` again" in opened


async def test_a_notice_that_a_crash_kept_from_being_healed_heals_at_the_next_look(
    stage: Stage, clock: WallClock
) -> None:
    await stage.core.admitting.alerts.tell("breaker:storage", Phrase.NOTICE_STORAGE_CLOSED)
    await later(stage, clock, 1)

    assert len(told(stage)) == 2
    assert "under its quota again" in told(stage)[1]


# The balance


async def test_thresholds_are_told_once_downwards_and_once_upwards(stage: Stage, clock: WallClock) -> None:
    for usd in (6, 4.5, 4.4, 0.9, 0.8):
        await has_balance(stage, clock, usd)
    assert [line.partition(". ")[0] for line in told(stage)] == [
        "The AIVAX balance is below $5.00",
        "The AIVAX balance is below $1.00",
    ]

    for usd in (3, 20, 20):
        await has_balance(stage, clock, usd)

    assert [line.partition(". ")[0] for line in told(stage)[2:]] == [
        "The AIVAX balance is above $1.00 again",
        "The AIVAX balance is above $5.00 again",
    ]


async def test_a_fall_past_several_thresholds_is_one_notice_and_so_is_the_rise(
    stage: Stage, clock: WallClock
) -> None:
    await has_balance(stage, clock, 0.5)
    await has_balance(stage, clock, 20)

    below, above = told(stage)
    assert "below $1.00" in below
    assert "above $5.00 again" in above


async def test_a_balance_that_hovers_around_a_threshold_does_not_flap(stage: Stage, clock: WallClock) -> None:
    """Spend shows late, so the balance that is shown goes up and down by itself."""
    for usd in (5.1, 4.99, 5.01, 4.98, 5.2, 4.97, 5.4, 4.9):
        await has_balance(stage, clock, usd)

    assert len(told(stage)) == 1


async def test_a_reading_that_lags_behind_does_not_heal_an_empty_account(
    stage: Stage, clock: WallClock
) -> None:
    stage.sandbox.state.account.lag_s = 600
    stage.sandbox.state.account.set_balance(3e-4)
    await stage.hear(said("hello"), said("hello"))
    stage.sandbox.state.account.balance_usd = -1.0
    await stage.hear(said("once more"))
    for _ in range(20):
        await later(stage, clock, 20)

    assert len([line for line in told(stage) if "out of credit" in line]) == 1
    assert [line for line in told(stage) if "credit again" in line] == []


async def test_the_notice_has_the_days_left_at_this_rate(stage: Stage, clock: WallClock) -> None:
    account = stage.sandbox.state.account
    account.clock = lambda: clock().timestamp()
    account.charge(0, 500_000)  # two dollars
    account.balance_usd = 4.0
    await later(stage, clock, 301)

    (line,) = told(stage)
    assert (
        "Balance: $4.00. Spent in the last 24 hours: $2.00. At this rate it lasts for about 2 days." in line
    )


async def test_without_a_balance_route_nothing_is_told(stage: Stage, clock: WallClock) -> None:
    stage.sandbox.state.faults.add(Fault("balance", "status", status=404))
    await has_balance(stage, clock, 1)
    stage.sandbox.state.account.omit = frozenset({"balance"})
    await has_balance(stage, clock, 1)

    assert told(stage) == []


async def test_an_account_seen_empty_before_anybody_asked_is_told_and_healed(
    stage: Stage, clock: WallClock
) -> None:
    await has_balance(stage, clock, -0.2)
    await has_balance(stage, clock, 50)

    closed, *opened = told(stage)
    assert "Balance: -$0.20." in closed
    assert any("has credit again" in line for line in opened)


# Key and gateway


@pytest.mark.parametrize(
    ("status", "wrong", "mended"),
    [
        (401, "AIVAX refuses the key", "takes the key again"),
        (403, "may not ask `sandbox:50c3`", "`sandbox:50c3` answers again"),
        (404, "no gateway or model named `sandbox:50c3`", "`sandbox:50c3` answers again"),
    ],
)
async def test_what_only_operators_can_mend_is_told_until_a_call_succeeds(
    stage: Stage, status: int, wrong: str, mended: str
) -> None:
    stage.sandbox.state.faults.add(Fault("completions", "status", status=status, times=3))
    for _ in range(5):
        await stage.hear(said("hello"))
    await stage.heal()

    first, second = told(stage)
    assert wrong in first
    assert mended in second
    assert KEY not in first + second


async def test_a_model_that_is_asked_no_more_is_forgotten_without_a_word(
    migrated_url: str, sandbox: Sandbox
) -> None:
    platform = FakePlatform()
    async with staged(migrated_url, platform=platform, sandbox=sandbox, operators=OPERATORS) as stage:
        await stage.core.admitting.alerts.tell(
            "model:old:50c3", Phrase.NOTICE_MODEL_UNKNOWN, model="old:50c3"
        )
        await stage.rest()
        await stage.core.admitting.prober.begin()
        await stage.rest()

        assert len(told(stage)) == 1
        assert await stage.rows("SELECT key FROM alerts") == []


async def test_a_key_that_is_refused_at_the_start_is_told(stage: Stage) -> None:
    stage.sandbox.state.faults.add(Fault("models", "status", status=401))

    await stage.core.ask_aivax()
    await stage.rest()

    assert "AIVAX refuses the key" in told(stage)[0]


# Where it goes


async def test_two_processes_on_one_database_tell_once(
    postgres_url: str, sandbox: Sandbox, clock: WallClock
) -> None:
    platform = FakePlatform()
    common: dict[str, Any] = {
        "platform": platform,
        "sandbox": sandbox,
        "now": clock,
        "operators": OPERATORS,
    }
    async with staged(postgres_url, **common) as one, staged(postgres_url, **common) as two:
        both = (one, two)
        await asyncio.gather(
            *(
                stage.core.admitting.alerts.tell("made-up", Phrase.NOTICE_STORAGE_CLOSED)
                for stage in both
                for _ in range(5)
            )
        )
        await asyncio.gather(
            *(
                stage.core.admitting.alerts.heal("made-up", Phrase.NOTICE_STORAGE_OPEN)
                for stage in both
                for _ in range(5)
            )
        )
        for stage in both:
            await stage.core.pool.sweep()
            await stage.rest()

        async with waiting_for("all turns to come to rest"):
            while {"queued", "running"} & set(await one.states()):
                await one.heal()
        assert len(platform.visible("ops")) == 2


async def test_a_restart_tells_nothing_again(migrated_url: str, sandbox: Sandbox, clock: WallClock) -> None:
    platform = FakePlatform()
    sandbox.state.account.set_balance(3)
    for _ in range(2):
        async with staged(
            migrated_url, platform=platform, sandbox=sandbox, now=clock, operators=OPERATORS
        ) as stage:
            await stage.heal()
            await stage.heal()

    assert len(platform.visible("ops")) == 1


@pytest.mark.parametrize("channel", ["", "elsewhere:ops"])
async def test_without_a_channel_here_only_the_log_has_it(
    migrated_url: str, sandbox: Sandbox, channel: str
) -> None:
    with structlog.testing.capture_logs() as entries:
        async with staged(migrated_url, sandbox=sandbox, operators={"channel": channel}) as stage:
            await stage.core.admitting.alerts.tell("made-up", Phrase.NOTICE_STORAGE_CLOSED)
            await stage.core.admitting.alerts.tell("made-up", Phrase.NOTICE_STORAGE_CLOSED)
            await stage.core.admitting.alerts.heal("made-up", Phrase.NOTICE_STORAGE_OPEN)
            await stage.rest()

            assert await stage.states() == []
    ours = [entry for entry in entries if entry["event"].startswith("alert.")]
    assert [entry["event"] for entry in ours] == ["alert.sent", "alert.resolved"]
    assert "over its quota" in ours[0]["alert"]


async def test_a_channel_that_is_closed_to_the_bot_costs_nothing_but_the_notice(stage: Stage) -> None:
    stage.platform.place("ops").faults.append(("post", PlaceFault.CLOSED))

    with structlog.testing.capture_logs() as entries:
        await stage.core.admitting.alerts.tell("made-up", Phrase.NOTICE_STORAGE_CLOSED)
        await stage.rest()
        await stage.hear(said("hello"))

    assert told(stage) == []
    assert "hello" in stage.platform.visible("D-ana")[0]
    assert [e["cause"] for e in entries if e["event"] == "turn.undeliverable"] == [
        str(PlaceClosed("fake", code="archived"))
    ]


async def test_a_database_that_fails_costs_nobody_an_answer(stage: Stage) -> None:
    await stage.change("DROP TABLE alerts")

    with structlog.testing.capture_logs() as entries:
        await stage.core.admitting.alerts.tell("made-up", Phrase.NOTICE_STORAGE_CLOSED)
        await stage.core.admitting.alerts.heal("made-up", Phrase.NOTICE_STORAGE_OPEN)
        await stage.hear(said("hello"))

    assert "hello" in stage.platform.visible("D-ana")[0]
    assert {entry["event"] for entry in entries if entry["event"].startswith("alert.")} == {"alert.failed"}


async def test_notices_are_in_the_language_of_the_replies(migrated_url: str, sandbox: Sandbox) -> None:
    sandbox.state.account.set_balance(0.5)
    async with staged(
        migrated_url, sandbox=sandbox, operators=OPERATORS, replies={"locale": "pt-BR"}
    ) as stage:
        await stage.heal()
        await stage.heal()

        (line,) = told(stage)
        assert "O saldo da AIVAX está abaixo de US$" in line
        assert "1,00" in line


@pytest.mark.parametrize("written", ["C0123", "slack:", ":C0123", " : "])
def test_a_channel_in_another_form_is_refused_by_name(written: str) -> None:
    environment = {"AIVAX_BOTS__OPERATORS__CHANNEL": written}

    with pytest.raises(SettingsRefused) as refused:
        load(shipped(), path=None, environment=environment)

    assert refused.value.problems[0].setting == "[operators] channel"
    assert "slack:C0123456" in refused.value.problems[0].fix


def test_a_channel_on_a_platform_that_there_is_not_is_refused_by_name() -> None:
    for known in ("slack:C0123", ""):
        load(shipped(), path=None, environment={"AIVAX_BOTS__OPERATORS__CHANNEL": known})

    with pytest.raises(
        SettingsRefused, match=r"\[operators\] channel = 'teams:general': .*known: discord, slack"
    ):
        load(shipped(), path=None, environment={"AIVAX_BOTS__OPERATORS__CHANNEL": "teams:general"})


@pytest.mark.parametrize("thresholds", ["0", "-1", "five"])
def test_a_threshold_is_an_amount(thresholds: str) -> None:
    with pytest.raises(SettingsRefused, match="balance_thresholds"):
        load(shipped(), path=None, environment={"AIVAX_BOTS__OPERATORS__BALANCE_THRESHOLDS": thresholds})


def test_thresholds_can_be_switched_off() -> None:
    assert OperatorSettings(balance_thresholds=()).balance_thresholds == ()


# Frontends


class Lookout:
    """Absences that are looked for each second of a clock of their own."""

    def __init__(self, stage: Stage, *names: str) -> None:
        self.stage = stage
        self.board = Board(list(names))
        self._time = 0.0
        self._absences = Absences(self.board, stage.core.admitting.alerts, now=lambda: self._time)

    async def watch(self, seconds: int) -> None:
        for _ in range(seconds):
            self._time += 1
            await self._absences.look()
        await self.stage.rest()


@pytest.mark.parametrize(
    ("cause", "lost"),
    [
        (FrontendUnreachable("slack", detail="xoxb-secret"), "The connection to Slack is lost"),
        (
            FrontendRefused("slack", setting="[slack] bot_token", fix="copy it", code="invalid_auth"),
            "Slack refuses me. Check `[slack] bot_token`",
        ),
    ],
)
async def test_a_frontend_that_stays_away_is_told_and_so_is_its_return(
    stage: Stage, cause: FrontendUnreachable | FrontendRefused, lost: str
) -> None:
    lookout = Lookout(stage, "slack")
    lookout.board.mark("slack", None)
    await lookout.watch(5)
    lookout.board.mark("slack", cause)
    await lookout.watch(int(GRACE_S) + 60)
    lookout.board.mark("slack", None)
    await lookout.watch(5)

    first, second = told(stage)
    assert lost in first
    assert second == "The connection to Slack is back."
    assert "xoxb" not in first


async def test_a_connection_that_is_soon_back_is_nobodys_concern(stage: Stage) -> None:
    lookout = Lookout(stage, "slack")
    for _ in range(3):
        lookout.board.mark("slack", FrontendUnreachable("slack"))
        await lookout.watch(int(GRACE_S) - 5)
        lookout.board.mark("slack", None)
        await lookout.watch(5)

    assert told(stage) == []


async def test_a_frontend_that_an_earlier_process_lost_is_back_with_this_one(stage: Stage) -> None:
    await stage.core.admitting.alerts.tell("frontend:slack", Phrase.NOTICE_FRONTEND_LOST, platform="Slack")
    lookout = Lookout(stage, "slack")
    lookout.board.mark("slack", None)
    await lookout.watch(2)

    assert told(stage)[1:] == ["The connection to Slack is back."]


def test_every_cause_has_a_sentence_for_its_gate() -> None:
    from core.admission.account_alerts import TRIPPED_AND_RESET

    assert set(TRIPPED_AND_RESET) == set(Cause)
    assert Breaker(Cause.RATE, "a:b").name == "rate:a:b"

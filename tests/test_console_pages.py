"""What the console's pages tell: what waits, what became of a question, what it costs; words are text alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from bots.web.console.pages.told import CAUSES
from bots.web.console.plots.columns import Column, percentile, plot
from core.domain import Cause
from core.domain.console import Role
from core.storage.db import breakers, conversations, identities, messages, tool_activity, turns, usage
from tests.console_seed import REFERENCE, Size, fill
from tests.console_stage import SECRET, Console, console_on, sqlite_copy

NOW = datetime(2026, 9, 2, 15, 20, tzinfo=UTC)
PATHS = ("/", "/waiting", "/turns", "/people", "/replies", "/settings", "/access", "/account")
SMALL = Size(people=6, turns=150, days=10)
PAYLOADS = tuple(
    payload.replace("SIGN", "alert`xss`")
    for payload in (
        *(
            "<script>SIGN</script>",
            "<img src=x onerror=SIGN>",
            "<svg/onload=SIGN>",
            '"><script>SIGN</script>',
        ),
        *(
            "' autofocus onfocus=SIGN x='",
            '" autofocus onfocus=SIGN x="',
            "javascript:SIGN",
            "</title><script>SIGN",
        ),
        *(
            "<iframe srcdoc='<script>SIGN</script>'>",
            "<math><mtext></table><mglyph><style><!--</style>",
            "{{7*7}}",
        ),
        *(
            "{% include 'base.html' %}",
            "<!--><img src=x onerror=SIGN>-->",
            "</textarea><script>SIGN</script>",
        ),
        *(
            "<a href=javascript:SIGN>x</a>",
            "<form action=//evil.example><button>",
            "<base href=//evil.example>",
        ),
        *(
            "<meta http-equiv=refresh content='0;//evil.example'>",
            "&lt;script&gt;",
            "\u202e<script>SIGN</script>",
        ),
        *(
            "<link rel=stylesheet href=//evil.example>",
            "<style>*{display:none}</style>",
            "<object data=//evil.example>",
        ),
    )
)


@pytest.fixture
async def console(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Console]:
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path), now=lambda: NOW) as opened:
        yield opened


class Elements(HTMLParser):
    """The elements of a page as a browser reads them, with their attributes' names."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))
        self.addresses += [
            value or "" for name, value in attrs if name in ("href", "src", "action", "formaction")
        ]


def elements_of(source: str) -> Elements:
    parser = Elements()
    parser.feed(source)
    return parser


# What waits


async def test_what_waits_is_told_with_why_and_until_when(console: Console) -> None:
    await fill(console.database, NOW, SMALL)
    viewer = await console.user("vic", Role.VIEWER)

    page = await viewer.see("/waiting")

    assert "queued 0 being answered 1 held 4" in page.text
    assert "The AI service does not answer (research:91aa) 4 9 minutes ago in 50 seconds" in page.text
    assert page.text.count("Slack · T0ACME · direct message") >= 2
    assert "It is being answered now." in page.text
    assert f"Unavailable {REFERENCE} 14 minutes ago" in page.text


async def test_where_nothing_waits_that_is_said(console: Console) -> None:
    viewer = await console.user("vic", Role.VIEWER)

    page = await viewer.see("/waiting")

    assert "Nothing waits" in page.text
    assert "Nothing failed" in page.text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": "queued", "due_at": NOW + timedelta(minutes=2)}, "Its platform could not take the answer"),
        ({"state": "queued", "due_at": NOW}, "It is next when a worker is free."),
        ({"state": "running", "lease_until": NOW - timedelta(minutes=1)}, "The process that ran it has gone"),
        ({"state": "parked", "held_by": "balance"}, "AIVAX answers again"),
    ],
)
async def test_each_way_to_wait_is_told(console: Console, changes: dict[str, object], told: str) -> None:
    last = await fill(console.database, NOW, SMALL)
    async with console.database.write() as connection:
        await connection.execute(update(turns).where(turns.c.id == last).values(ended_at=None, **changes))
    viewer = await console.user("vic", Role.VIEWER)

    assert told in (await viewer.see("/waiting")).text
    assert told in (await viewer.see(f"/turns/{last}")).text


def test_each_cause_of_a_breaker_has_words() -> None:
    assert set(CAUSES) == {cause.value for cause in Cause}


# One question


async def test_a_reference_that_a_person_quotes_leads_to_the_whole_story(console: Console) -> None:
    last = await fill(console.database, NOW, SMALL)
    operator = await console.user("ola", Role.OPERATOR)

    to = await operator.see(f"/turns?q=%20%60{REFERENCE.upper()}%60%20")
    page = await operator.see(to.to.removeprefix("/console"))

    assert to.to.startswith(f"/console/turns/{last}?")
    order = [
        "It was stored, and queued",
        "Attempt 3 began",
        "The tool web_search failed",
        "failed Unavailable",
    ]
    assert re.search(".*".join(order), page.text)
    assert f"reference={REFERENCE}" in page.text
    assert "How do I reset my VPN token?" in page.text


async def test_what_people_wrote_is_kept_from_those_who_may_not_read_it(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    url = sqlite_copy(migrated_sqlite, tmp_path)
    async with console_on(url, now=lambda: NOW) as console:
        last = await fill(console.database, NOW, SMALL)
        as_viewer = await (await console.user("vic", Role.VIEWER)).see(f"/turns/{last}")
        as_owner = await (await console.user("ana", Role.OWNER)).see(f"/turns/{last}")
    async with console_on(url, now=lambda: NOW, words_for="nobody") as console:
        nobody = await (await console.user("ana", Role.OWNER)).see(f"/turns/{last}")

    assert "VPN" not in as_viewer.source
    assert "Hidden from your role" in as_viewer.text
    assert "VPN" in as_owner.source
    assert "VPN" not in nobody.source


@pytest.mark.parametrize(
    "path", ["/turns/999999", f"/turns/{2**63}", "/turns/-1", "/turns/x", "/nothing/at/all"]
)
async def test_what_there_is_not_is_told(console: Console, path: str) -> None:
    viewer = await console.user("vic", Role.VIEWER)

    assert (await viewer.see(path)).status == 404
    assert "Nothing is stored under that" in (await viewer.see("/turns?q=nothing")).text


async def test_both_databases_tell_the_same(migrated_url: str) -> None:
    async with console_on(migrated_url, now=lambda: NOW) as console:
        last = await fill(console.database, NOW, SMALL)
        owner = await console.user("ana", Role.OWNER)
        pages = [
            await owner.see(path) for path in ("/", "/waiting", f"/turns?q={REFERENCE}", f"/turns/{last}")
        ]

    assert [page.status for page in pages] == [200, 200, 303, 200]
    assert "14 minutes ago" in pages[0].text


async def test_an_operator_has_a_failed_question_tried_again_and_drops_one_that_waits(
    migrated_url: str,
) -> None:
    async with console_on(migrated_url, now=lambda: NOW) as console:
        failed = await fill(console.database, NOW, SMALL)
        held = failed - 5
        operator, viewer = await console.user("ola", Role.OPERATOR), await console.user("vic", Role.VIEWER)
        to_look = await viewer.see(f"/turns/{failed}")
        await operator.see(f"/turns/{failed}")
        retried = await operator.send(f"/turns/{failed}/retry")
        again = await operator.see(retried.to.removeprefix("/console"))
        await operator.see(f"/turns/{failed}")
        twice = await operator.send(f"/turns/{failed}/retry")
        await operator.see(f"/turns/{held}")
        dropped = await operator.send(f"/turns/{held}/drop")
        gone = await operator.see(f"/turns/{held}")
        unknown = await operator.send(
            "/turns/999999/drop", form_token=operator.at.form_token if operator.at else ""
        )

    assert "Try again" not in to_look.text
    assert (retried.status, dropped.status, twice.status, unknown.status) == (303, 303, 409, 404)
    assert "It is next when a worker is free." in again.text
    assert "It has ended: nothing more becomes of it." in twice.text
    assert "ended by its author or a deletion" in gone.text


# Figures


async def test_each_figure_is_that_of_the_rows(migrated_url: str) -> None:
    async with console_on(migrated_url, now=lambda: NOW) as console:
        await fill(console.database, NOW, SMALL)
        await console.count_days()
        page = await (await console.user("vic", Role.VIEWER)).see("/")
        async with console.database.read() as connection:
            rows = (
                await connection.execute(
                    text("SELECT created_at, prompt_tokens + completion_tokens, credits FROM usage")
                )
            ).all()
            asked = (await connection.execute(text("SELECT created_at, state FROM turns"))).all()

    days: dict[str, list[float]] = {}
    for at, tokens, usd in rows:
        total = days.setdefault(str(at)[:10], [0, 0, 0.0])
        total[0], total[1], total[2] = total[0] + 1, total[1] + tokens, total[2] + usd
    hours: dict[str, list[int]] = {}
    for at, state in asked:
        hours.setdefault(str(at)[:13], [0, 0])[state == "failed"] += state in ("answered", "failed")
    told = {
        (f"{name}", number[0], number[1])
        for name, *number in re.findall(r"(\d\d):00: ([\d,]+) answered, ([\d,]+) failed", page.text)
    }
    begins = [NOW.replace(minute=0) - timedelta(hours=each) for each in range(24)]
    assert told == {(f"{at:%H}", *map(str, hours.get(f"{at:%Y-%m-%d %H}", (0, 0)))) for at in begins}
    for day, (answers, tokens, usd) in days.items():
        name = f"{int(day[8:])} {'Aug' if day[5:7] == '08' else 'Sep'}"
        assert f"{name}: {answers:,.0f} answers, {tokens:,.0f} tokens" in page.text
        assert f"{name}: ${usd:,.2f}" in page.text


async def test_the_overview_tells_money_platforms_and_the_last_sign_of_life(console: Console) -> None:
    await fill(console.database, NOW, SMALL)
    viewer = await console.user("vic", Role.VIEWER)

    page = await viewer.see("/")
    console.purse.balance_usd = None
    unknown = await viewer.see("/")

    assert "listening Slack" in page.text
    assert "down Discord can't be reached: refused" in page.text
    assert "Balance $41.50 lasts about 34 days at this pace" in page.text
    assert "Waiting 5" in page.text
    assert "Last heard" in page.text
    assert "Balance – not told" in unknown.text


async def test_an_empty_database_has_an_overview(console: Console) -> None:
    page = await (await console.user("vic", Role.VIEWER)).see("/")

    assert page.status == 200
    assert "Nobody asked anything in the last 24 hours." in page.text
    assert '<svg class="plot' not in page.source


def test_a_plot_has_room_for_its_highest_column_and_lines_at_plain_numbers() -> None:
    columns = [Column(str(each), [(1, "bad"), (each, "main")], "") for each in range(14)]

    drawn = plot(columns, "{:g}".format, width=480, every=4, whole=True)

    assert [name for _, name in drawn.lines] == ["0", "5", "10", "15"]
    assert [name for _, name in drawn.names] == ["0", "4", "8", "12"]
    assert all(bar.y >= drawn.top and bar.x + bar.width <= 480 for each in drawn.columns for bar in each.bars)
    assert drawn.columns[13].bars[0].height < drawn.columns[13].bars[1].height
    assert plot([], str, width=480, every=1, whole=True).is_empty


@pytest.mark.parametrize(
    ("values", "part", "found"), [([], 0.5, None), ([1.0], 0.95, 1.0), ([1, 2, 3, 4], 0.5, 2)]
)
def test_a_percentile_is_a_value_that_was_measured(
    values: list[float], part: float, found: float | None
) -> None:
    assert percentile(values, part) == found


# People, settings, sentences


async def test_people_are_told_with_their_language_and_what_they_used(migrated_url: str) -> None:
    async with console_on(migrated_url, now=lambda: NOW) as console:
        await fill(console.database, NOW, SMALL)
        page = await (await console.user("vic", Role.VIEWER)).see("/people")
        async with console.database.read() as connection:
            sums = func.count(), func.sum(usage.c.prompt_tokens + usage.c.completion_tokens)
            of_week = (turns.c.identity_id == 2) & (usage.c.created_at > NOW - timedelta(days=7))
            query = select(*sums).select_from(usage.join(turns)).where(of_week)
            answers, tokens = (await connection.execute(query)).one()

    assert f"Chloé Martin Slack · T0ACME es-MX {answers:,} {tokens:,} $" in page.text


async def test_settings_tell_where_they_come_from_and_no_secret(console: Console) -> None:
    viewer = await console.user("vic", Role.VIEWER)

    every, changed = await viewer.see("/settings?all=1"), await viewer.see("/settings")

    assert "[web.console]" in every.text
    assert "wrong_tries 5 default" in every.text
    assert "[web] port 8780 environment AIVAX_BOTS__WEB__PORT" in changed.text.replace(
        " Setting Value Comes from", ""
    )
    assert "admin_token" in changed.text
    assert SECRET not in every.source + changed.source


async def test_sentences_are_told_in_each_language_the_operators_own_are_marked(console: Console) -> None:
    viewer = await console.user("vic", Role.VIEWER)

    english, spanish = await viewer.see("/replies"), await viewer.see("/replies?language=es")

    assert "busy your wording Come back later." in english.text
    assert "¡Hola! Pregúntame lo que quieras" in spanish.text
    assert (await viewer.see("/replies?language=../../es")).status == 200


# Other people's words


async def test_settings_tell_what_a_reload_changed_and_what_one_more_would(console: Console) -> None:
    viewer, live = await console.user("vic", Role.VIEWER), console.live
    assert live is not None
    before = await viewer.see("/settings")
    limits = live.in_force.limits.model_copy(update={"message_chars": 1_234})
    web = live.in_force.web.model_copy(update={"port": 9_999})
    wanted = live.in_force.model_copy(update={"limits": limits, "web": web})
    console.on_disk.append(wanted)
    pending = await viewer.see("/settings")
    live.adopt(wanted)
    after = await viewer.see("/settings")

    assert "A reload" not in before.text
    assert "would put in force: [limits] message_chars A restart is needed for: [web] port" in pending.text
    assert "1234" not in pending.text
    assert "message_chars 1234 reload" in after.text
    assert "A restart is needed for: [web] port" in after.text
    assert "would put in force" not in after.text


async def test_nothing_that_anybody_wrote_becomes_part_of_a_page(console: Console) -> None:
    last = await fill(console.database, NOW, SMALL)
    owner = await console.user("ana", Role.OWNER)
    evil = console.browser(**{"User-Agent": PAYLOADS[0]})
    await evil.sign_in("ana")
    paths = ("/", "/waiting", f"/turns/{last}", "/turns", "/people", "/access", "/account")
    clean = {path: elements_of((await owner.see(path)).source) for path in paths}
    for payload in PAYLOADS:
        await _write_everywhere(console, payload, last)
        for path in paths:
            page = await owner.see(path)
            found = elements_of(page.source)
            assert page.status == 200
            assert {tag for tag, _ in found.found} <= {tag for tag, _ in clean[path].found} | {"p"}, (
                path,
                payload,
            )
            assert not any(
                name.startswith("on") or name in ("style", "srcdoc")
                for _, names in found.found
                for name in names
            )
            assert all(each.startswith(("/console/", "#")) for each in found.addresses), payload
        asked = await owner.see("/turns?q=" + "".join(f"%{byte:02x}" for byte in payload.encode()))
        assert {tag for tag, _ in elements_of(asked.source).found} <= {
            tag for tag, _ in clean["/turns"].found
        }
    shown = [(await owner.see(path)).text for path in paths]
    assert all(" ".join(PAYLOADS[-1].split()) in page for page in (shown[0], shown[2], shown[4]))


async def _write_everywhere(console: Console, payload: str, last: int) -> None:
    async with console.database.write() as connection:
        files = [{"name": payload, "ref": payload}]
        await connection.execute(
            update(messages).where(messages.c.turn_id >= last - 9).values(text=payload, attachments=files)
        )
        await connection.execute(update(identities).values(name=payload))
        await connection.execute(
            update(conversations).where(~conversations.c.private).values(workspace=payload, channel=payload)
        )
        await connection.execute(
            update(turns).where(turns.c.id == last).values(failure=payload[:64], capability=payload[:32])
        )
        await connection.execute(update(tool_activity).values(name=payload, state=payload[:16]))
        await connection.execute(update(usage).values(model=payload))
        await connection.execute(update(breakers).values(model=payload))
    console.frontends.told = [(payload, False, payload)]


async def test_the_other_languages_have_every_page(console: Console) -> None:
    last = await fill(console.database, NOW, SMALL)
    owner = await console.user("ana", Role.OWNER)

    for language in ("es", "pt-BR", "es-MX"):
        for path in (*PATHS, f"/turns/{last}", "/nothing"):
            page = await owner.see(path, **{"Accept-Language": language})
            assert page.status == (404 if path == "/nothing" else 200)
            assert "Waiting" not in page.text

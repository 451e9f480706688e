"""Slack over HTTP: signed requests on a real socket, through an unmodified Bolt, into a real intake."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs

from bots.slack.listening.http import parsed, seen_signatures
from bots.slack.transport.refusal_log import RefusalLog, RequestRefusedError
from core.domain import Commanded, DatabaseUnreachable, Event, FrontendRefused, Receipt, Said
from sandbox.faults import Fault
from sandbox.server import serve as serve_sandbox
from tests.listening import Inbox
from tests.platforms.slack import FakeSlack, Sent, sign
from tests.slack_ways import Hosted, answering, hosted, http_settings
from tests.waiting import soon

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
async def here(slack: FakeSlack, migrated_sqlite_url: str) -> AsyncIterator[Hosted]:
    async with hosted(slack, migrated_sqlite_url, http_settings(slack)) as opened:
        yield opened


def body_of(slack: FakeSlack, text: str = "hello") -> bytes:
    ann = slack.person("ann")
    event = {
        "type": "message",
        "channel_type": "im",
        "channel": slack.dm(ann).id,
        "user": ann.id,
        "ts": "1.0",
        "text": text,
    }
    wrapper = {"type": "event_callback", "team_id": slack.workspace.id, "event_id": "Ev1", "event": event}
    return json.dumps(wrapper).encode()


async def post(slack: FakeSlack, body: bytes, headers: dict[str, str] | None = None, **more: str) -> Sent:
    headers = {**JSON, **slack.http_mode.signature(body)} if headers is None else headers
    return await slack.http_mode.post(body, {**headers, **more})


async def test_a_mention_a_press_and_a_command_come_in_and_are_acknowledged(here: Hosted) -> None:
    slack = here.slack
    ann = slack.person("ann", locale="pt-BR")
    general = slack.channel("general", [ann])

    await slack.say(ann, general, "<@BOT> hi & <hello>")
    command = await slack.command(ann, general, "/reset")
    await here.all_taken()

    said, commanded = sorted(here.inbox.events, key=lambda event: type(event).__name__, reverse=True)
    assert isinstance(said, Said)
    assert (said.text, said.author.name, said.author.locale) == ("hi & <hello>", "ann", "pt-BR")
    assert isinstance(commanded, Commanded)
    assert (command.acked, command.answer) == (True, None)


async def test_a_command_that_speaks_of_a_payload_is_read_as_it_was_typed() -> None:
    assert parsed("command=%2Faivax&text=payload", FORM["Content-Type"])["text"] == "payload"


async def test_a_request_is_refused_that_slack_did_not_sign(here: Hosted) -> None:
    body = body_of(here.slack)
    now = str(int(time.time()))
    signed = here.slack.http_mode.signature(body)
    forged = [
        {},
        {**signed, "X-Slack-Signature": sign("another secret", now, body)},
        {**signed, "X-Slack-Signature": "v0=é"},
        {**signed, "X-Slack-Request-Timestamp": ""},
        {**signed, "X-Slack-Request-Timestamp": "yesterday"},
        {**signed, "X-Slack-Request-Timestamp": "1" * 5_000},
        {**signed, "X-Slack-Request-Timestamp": "-1"},
        here.slack.http_mode.signature(body + b" "),
        here.slack.http_mode.signature(body, age_s=301),
        here.slack.http_mode.signature(body, age_s=-320),
    ]

    answers = [(await post(here.slack, body, {**JSON, **headers})).status for headers in forged]

    assert answers == [401] * len(forged)
    assert here.inbox.events == []


async def test_requests_that_nobody_signed_are_one_line_a_minute(here: Hosted) -> None:
    body = body_of(here.slack)

    with capture_logs() as lines:
        statuses = {(await post(here.slack, body, JSON)).status for _ in range(50)}

    assert statuses == {401}
    assert len([each for each in lines if each["event"] == "slack.request_refused"]) == 1


def test_a_minute_s_refusals_are_counted_in_the_next_line() -> None:
    now = 0.0
    refusals = RefusalLog("slack.request_refused", lambda: now)
    with capture_logs() as lines:
        for _ in range(1_000):
            refusals.note(401, "no signature of Slack's")
        refusals.note(413, "too large")
        now = 61.0
        refusals.note(401, "no signature of Slack's")

    assert [(each["status"], each["more_before"]) for each in lines] == [(401, 0), (413, 0), (401, 999)]


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_megabyte_is_refused_whether_its_length_is_told_or_not(here: Hosted, chunked: bool) -> None:
    body = b'{"text": "' + b"x" * 1_000_000 + b'"}'

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 50_000):
            yield body[start : start + 50_000]

    headers = {**JSON, **here.slack.http_mode.signature(body)}
    answer = await here.browser.post(
        here.slack.http_mode.request_url, content=pieces() if chunked else body, headers=headers
    )

    assert answer.status_code == 413
    assert (await post(here.slack, body_of(here.slack))).status == 200


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"type": "\xff"}', "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"type": "event_callback", "team": 5, "user": 7}', "application/json", 400),
        (b'{"type": "event_callback", "event": []}', "application/json", 400),
        (b"payload=%7B", "application/x-www-form-urlencoded", 400),
        (b"payload=[]", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=1" for _ in range(5_000)), "application/x-www-form-urlencoded", 400),
        (b"", "application/json; charset=utf-8", 400),
        (b"<xml/>", "text/xml", 415),
    ],
)
async def test_what_is_no_payload_is_refused_although_it_is_signed(
    here: Hosted, body: bytes, kind: str, status: int
) -> None:
    headers = {"Content-Type": kind, **here.slack.http_mode.signature(body)}

    assert (await post(here.slack, body, headers)).status == status
    assert here.inbox.events == []


async def test_slack_s_own_checks_of_the_address_are_answered(here: Hosted) -> None:
    challenge = json.dumps({"type": "url_verification", "token": "t", "challenge": "c-1"}).encode()
    ssl = urlencode({"ssl_check": "1", "token": "t"}).encode()

    verified = await post(here.slack, challenge)
    unsigned = await post(here.slack, challenge, JSON)
    checked = await post(here.slack, ssl, FORM)
    looked = await here.browser.get(f"{here.slack.http_mode.request_url}?ssl_check=1&token=t")

    assert (verified.status, json.loads(verified.answer)) == (200, {"challenge": "c-1"})
    assert (unsigned.status, checked.status, looked.status_code) == (401, 200, 200)


async def test_the_same_bytes_again_do_nothing(here: Hosted) -> None:
    body = body_of(here.slack)
    headers = {**JSON, **here.slack.http_mode.signature(body)}

    answers = [(await post(here.slack, body, headers)).status for _ in range(3)]

    assert answers == [200, 200, 200]
    assert len(here.inbox.events) == 1


def test_a_signature_is_remembered_for_as_long_as_it_counts_and_no_longer() -> None:
    now = [1_000.0]
    seen = seen_signatures(lambda: now[0])
    seen["a"] = None

    now[0] += 599
    assert "a" in seen
    now[0] += 1
    assert "a" not in seen


class Moody(Inbox):
    """An intake that fails as often as it is told to."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    async def receive(self, event: Event) -> Receipt:
        if self.failures:
            self.failures -= 1
            raise DatabaseUnreachable("sqlite:///bot.sqlite3", "it is away")
        return await super().receive(event)


@pytest.mark.parametrize("same_signature", [True, False])
async def test_what_could_not_be_stored_is_delivered_again_and_then_taken(
    slack: FakeSlack, migrated_sqlite_url: str, same_signature: bool
) -> None:
    slack.rules.same_signature = same_signature
    intake = Moody(failures=1)
    async with hosted(slack, migrated_sqlite_url, http_settings(slack), intake=intake) as here:
        ann = slack.person("ann")
        await slack.say(ann, slack.dm(ann), "hello")
        await here.all_taken()

    assert [sent.status for sent in slack.http_mode.sent] == [503, 200]
    assert slack.http_mode.sent[1].headers["x-slack-retry-num"] == "1"
    assert len(intake.events) == 1


@pytest.mark.parametrize("same_signature", [True, False])
async def test_a_retry_of_what_was_taken_gets_200_and_makes_no_second_turn(
    here: Hosted, same_signature: bool
) -> None:
    slack = here.slack
    slack.rules.same_signature = same_signature
    ann = slack.person("ann")
    await slack.say(ann, slack.dm(ann), "hello")
    await here.all_taken()

    slack.http_mode.repeat(slack.http_mode.deliveries[0])
    await here.all_taken()

    assert [sent.status for sent in slack.http_mode.sent] == [200, 200]
    assert len(here.inbox.events) == 1


async def test_while_nobody_listens_slack_is_asked_to_come_again(here: Hosted) -> None:
    await here.stop_listening()

    answer = await post(here.slack, body_of(here.slack))

    assert answer.status == 503
    assert here.inbox.events == []


async def test_slack_has_its_answer_in_time_while_aivax_hangs(
    slack: FakeSlack, migrated_sqlite_url: str
) -> None:
    ann = slack.person("ann")
    async with serve_sandbox(plan="max") as sandbox:
        for _ in range(2):
            sandbox.state.faults.add(Fault("completions", "silence", after_chunks=0))
        async with answering(slack, migrated_sqlite_url, sandbox, http_settings(slack)) as (here, _):
            general = slack.channel("general", [ann])
            first = await slack.say(ann, general, "<@BOT> are you there?")
            await slack.until(lambda: slack.status(general, first))

            second = await slack.say(ann, general, "<@BOT> and now?")
            await here.all_taken()

            assert [sent.status for sent in slack.http_mode.sent] == [200] * 4  # two events for each mention
            assert all(sent.took_s < 3 for sent in slack.http_mode.sent)
            assert [len(slack.visible(general, ts)) for ts in (first, second)] == [1, 1]


async def test_one_delivery_makes_one_answer_however_often_it_comes(
    slack: FakeSlack, migrated_sqlite_url: str
) -> None:
    ann = slack.person("ann")
    async with (
        serve_sandbox(plan="max") as sandbox,
        answering(slack, migrated_sqlite_url, sandbox, http_settings(slack)) as (here, core),
    ):
        dm = slack.dm(ann)
        ts = await slack.say(ann, dm, "tell me once")
        await here.all_taken()
        for delivery in list(slack.http_mode.deliveries):
            slack.http_mode.repeat(delivery)
        await here.all_taken()
        await soon("core.pool.drained()", core.pool.drained())

    answers = [message for message in slack.visible(dm, ts) if message.is_bot]
    assert len(answers) == 1
    assert "tell me once" in answers[0].text


async def test_without_a_signing_secret_http_mode_is_refused_by_the_setting(
    slack: FakeSlack, migrated_sqlite_url: str
) -> None:
    with pytest.raises(FrontendRefused) as caught:
        async with hosted(slack, migrated_sqlite_url, http_settings(slack, signing_secret="")):
            pass

    assert caught.value.setting == "[slack] signing_secret"
    assert "Basic Information" in caught.value.fix


async def test_a_wrong_bot_token_is_refused_by_its_setting(
    slack: FakeSlack, migrated_sqlite_url: str
) -> None:
    with pytest.raises(FrontendRefused) as caught:
        async with hosted(slack, migrated_sqlite_url, http_settings(slack, bot_token="xoxb-wrong")):
            pass

    assert caught.value.setting == "[slack] bot_token"


def test_a_form_without_end_is_no_payload() -> None:
    with pytest.raises(RequestRefusedError):
        parsed("&".join(["a=1"] * 200), "application/x-www-form-urlencoded")


@pytest.fixture
def migrated_sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    path = tmp_path / "bot.sqlite3"
    path.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite+aiosqlite:///{path}"


async def test_a_blocked_person_is_told_so_in_private_by_the_whole_bot(
    slack: FakeSlack, migrated_sqlite_url: str
) -> None:
    ana = slack.person("ana")
    general = slack.channel("general", [ana])
    barred = {"access": {"block_users": [f"slack:{ana.id}"]}}
    async with (
        serve_sandbox(plan="max") as sandbox,
        answering(slack, migrated_sqlite_url, sandbox, http_settings(slack), program=barred) as (hosted, _),
    ):
        command = await slack.command(ana, general, "/aivax", "ask Everyone, click here")
        await slack.until(lambda: command.acked)
        await hosted.all_taken()

    assert [each.only_to for each in slack.visible(general)] == [ana.id]
    assert "click" not in slack.visible(general)[0].text

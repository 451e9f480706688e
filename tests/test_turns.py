"""A message becomes an answer, on both databases: what a person sees, what AIVAX is asked, what is stored."""

from __future__ import annotations

import pytest
import structlog

from core.conversations.prompt import SURROUNDINGS_END
from core.domain import Attachment, Blob, Place, PlatformError, Quote, Receipt
from sandbox.faults import Fault
from sandbox.server import serve
from tests.fakes import Fault as PlatformFault
from tests.samples import ANA, BEN, CHANNEL, PNG, reset, said
from tests.stage import FakePlatform, Stage, staged
from tests.waiting import until, waiting_for

NO_BALANCE = "out of credit"


def contents(stage: Stage, call: int = -1) -> list[str]:
    """What the model was shown, message by message."""
    return [message["content"] for message in stage.asked[call]["messages"]]


async def test_a_message_is_answered_where_it_was_said(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("How are you, *old* friend?"))

        (answer,) = stage.platform.visible("D-ana")
        assert "How are you, *old* friend?" in answer
        assert await stage.states() == ["answered"]


async def test_the_second_question_sees_the_first_and_its_answer(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("my name is Ana"))
        await stage.hear(said("what is my name?"))

        first_answer = stage.platform.visible("D-ana")[0]
        assert [content.strip() for content in contents(stage)] == [
            "my name is Ana",
            first_answer.strip(),
            "what is my name?",
        ]


async def test_after_a_reset_the_model_sees_nothing_of_before(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("a secret"))
        await stage.hear(reset())
        await stage.hear(said("what did I say?"))

        assert stage.platform.visible("D-ana")[1].startswith("Started a new conversation.")
        assert contents(stage) == ["what did I say?"]
        assert "a secret" in await stage.rows("SELECT text FROM messages")


async def test_one_conversation_is_answered_in_order_while_others_go_on(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        mine = [said(f"question {number}") for number in range(5)]
        other = said("elsewhere", by=BEN, at=Place("fake", "W1", "D-ben", private=True))

        await stage.hear(*mine, other)

        answers = stage.platform.visible("D-ana")
        assert [f"question {number}" in answer for number, answer in enumerate(answers)] == [True] * 5
        assert len(stage.platform.visible("D-ben")) == 1


async def test_a_redelivered_event_is_answered_once(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        event = said("once")

        receipts = await stage.hear(event, event, event)

        assert receipts == [Receipt.ACCEPTED, Receipt.DUPLICATE, Receipt.DUPLICATE]
        assert len(stage.platform.visible("D-ana")) == len(stage.asked) == 1


async def test_aivax_knows_the_person_by_an_opaque_name_that_differs_in_public(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("in private"))
        await stage.hear(said("in public", at=CHANNEL))

        private, public = (body["user"] for body in stage.asked)
        assert public == f"{private}.p"
        assert len(private) == 32
        assert "ana" not in private
        assert stage.asked[0]["metadata"]["platform"] == "fake"
        assert stage.asked[0]["idempotency_key"] != stage.asked[1]["idempotency_key"]


async def test_instructions_and_gateways_follow_the_route_of_the_place(migrated_url: str) -> None:
    routes = [
        {"platform": "fake", "workspace": "W1", "instructions": "Speak like a pirate."},
        {
            "platform": "fake",
            "workspace": "W1",
            "channel": "general",
            "model": "@sandbox/echo",
            "instructions": "",
        },
    ]
    async with staged(
        migrated_url,
        conversation={"instructions": "Be brief."},
        routes=routes,  # type: ignore[arg-type]
    ) as stage:
        await stage.hear(said("ahoy"))
        await stage.hear(said("hello", at=CHANNEL))

        assert (stage.asked[0]["model"], contents(stage, 0)[0]) == ("sandbox:50c3", "Speak like a pirate.")
        assert (stage.asked[1]["model"], contents(stage, 1)) == ("@sandbox/echo", ["hello"])


async def test_history_that_does_not_fit_is_left_out_whole(migrated_url: str) -> None:
    async with staged(migrated_url, conversation={"history_tokens": 300}) as stage:
        await stage.hear(said("old " * 300))
        await stage.hear(said("newer"))
        await stage.hear(said("now"))

        shown = contents(stage)
        assert shown[0] == "newer"
        assert shown[-1] == "now"
        assert not any("old old" in content for content in shown)


async def test_surroundings_are_given_once_and_bounded(migrated_url: str) -> None:
    platform = FakePlatform()
    platform.around["general"] = [
        Quote("m0", "Eve", "noise " * 200),
        Quote("m1", "Ben", "we ship on Friday"),
        Quote("m2", "Cy", "no, Monday", (Attachment("f", "plan.pdf"),), replied_to=True),
    ]
    async with staged(migrated_url, platform=platform, conversation={"surroundings_tokens": 100}) as stage:
        await stage.hear(said("summarise this thread", at=CHANNEL))

        (context,) = contents(stage)
        assert context.endswith(f"\n{SURROUNDINGS_END}\n\nAna: summarise this thread")
        assert "- Ben: we ship on Friday" in context
        assert "\nThe question replies to this message:\n- Cy: no, Monday [file: plan.pdf]\n" in context
        assert "noise" not in context
        assert "not as instructions" in context


async def test_what_the_history_holds_is_not_quoted_again(migrated_url: str) -> None:
    platform = FakePlatform()
    async with staged(migrated_url, platform=platform) as stage:
        await stage.hear(said("first", at=CHANNEL, key="m-first"))
        own_answer = platform.place("general").messages[0]
        platform.around["general"] = [
            Quote("m-first", "Ana", "first"),
            Quote(own_answer.id, "bot", own_answer.text),
            Quote("m-else", "Ben", "something else"),
        ]
        await stage.hear(said("second", at=CHANNEL))

        _, *around = contents(stage)[-1].splitlines()
        assert around == ["- Ben: something else", SURROUNDINGS_END, "", "Ana: second"]


async def test_a_bare_mention_is_greeted_without_asking_aivax(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("", at=CHANNEL))

        assert stage.platform.visible("general")[0].startswith("Hi! Ask me anything")
        assert stage.asked == []


async def test_in_a_shared_conversation_each_message_carries_its_author(migrated_url: str) -> None:
    async with staged(migrated_url, conversation={"scope": "thread"}) as stage:
        await stage.hear(said("I like tea", by=ANA, at=CHANNEL))
        await stage.hear(said("and I coffee", by=BEN, at=CHANNEL))

        caution, first, _, question = contents(stage)
        assert "nobody speaks in it but its author" in caution
        assert (first, question) == ("Ana: I like tea", "Ben: and I coffee")


async def test_files_of_the_question_are_sent_and_those_of_before_along_with_the_next(
    migrated_url: str,
) -> None:
    platform = FakePlatform()
    platform.files = {"f1": Blob(PNG, "image/png"), "f2": Blob(b"a,b\n1,2", "text/csv")}
    attachments = (
        Attachment("f1", "cat.png", "image/png", len(PNG)),
        Attachment("f2", "numbers.csv", "text/csv", 7),
        Attachment("f3", "gone.pdf", "application/pdf", 7),
        Attachment("f4", "app.exe", "application/x-msdownload", 7),
    )
    async with staged(migrated_url, platform=platform) as stage:
        await stage.hear(said("look", attachments=attachments))
        await stage.hear(said("and now?"))

        text, image, table = stage.asked[0]["messages"][-1]["content"]
        assert text["text"] == "look\n\n[file: app.exe]\n\n[file: gone.pdf]"
        assert image["image_url"]["url"].startswith("data:image/png;base64,")
        assert table["text"] == "[file: numbers.csv]\na,b\n1,2"
        answer = platform.visible("D-ana")[0]
        assert "I couldn't read gone.pdf" in answer
        assert "goes without app.exe" in answer
        before, _, now = contents(stage)
        assert before[0]["text"] == "look\n[file: gone.pdf]\n[file: app.exe]"
        assert (before[1:], now) == ([image, table], "and now?")


async def test_no_balance_is_told_kindly_and_the_log_has_the_cause(migrated_url: str) -> None:
    async with serve(balance=0.0) as sandbox, staged(migrated_url, sandbox=sandbox) as stage:
        with structlog.testing.capture_logs() as logs:
            await stage.hear(said("hello"))

        (shown,) = stage.platform.visible("D-ana")
        assert NO_BALANCE in shown
        assert await stage.states() == ["parked"]
        (entry,) = [entry for entry in logs if entry["event"] == "breaker.tripped"]
        assert entry["breaker"] == "balance"
        assert "402" in entry["cause"]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault("completions", "status", status=401), "not set up correctly"),
        (Fault("completions", "status", status=403), "not set up correctly"),
        (Fault("completions", "status", status=404), "can't be found"),
        (Fault("completions", "status", status=400), "didn't accept this question"),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else "",
)
async def test_each_refusal_of_aivax_has_its_sentence(sqlite_url: str, fault: Fault, sentence: str) -> None:
    async with staged(sqlite_url) as stage:
        stage.sandbox.state.faults.add(fault)

        await stage.hear(said("hello"))
        await stage.hear(said("again"))

        refused, answered = stage.platform.visible("D-ana")
        assert sentence in refused
        assert "again" in answered
        for hidden in ("429", "401", "403", "404", "502", "Traceback", "sk-aiv"):
            assert hidden not in refused


@pytest.mark.parametrize("kind", ["cut", "stream-error", "garbage"])
async def test_a_broken_stream_keeps_what_was_said(migrated_url: str, kind: str) -> None:
    async with staged(migrated_url) as stage:
        stage.sandbox.state.faults.add(Fault("completions", kind, after_chunks=5))  # type: ignore[arg-type]

        await stage.hear(said("long 3000"))

        shown = "\n".join(stage.platform.visible("D-ana"))
        said_before, _, apology = shown.rpartition("My answer was cut short here")
        assert said_before.strip()
        assert apology
        assert await stage.rows("SELECT whole FROM messages WHERE role = 'assistant'") in ([0], [False])


async def test_tool_activity_is_stored_and_never_stays_in_the_answer(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("tools"))

        assert set(await stage.rows("SELECT state FROM tool_activity")) == {"completed"}
        assert "Using " not in "".join(stage.platform.visible("D-ana"))


async def test_usage_is_kept_as_numbers(migrated_url: str) -> None:
    async with staged(migrated_url, replies={"footer": True}) as stage:
        await stage.hear(said("hello"))

        (tokens,) = await stage.rows("SELECT prompt_tokens + completion_tokens FROM usage")
        assert tokens > 0
        assert stage.platform.visible("D-ana")[0].endswith(f"{tokens} tokens_")


async def test_a_platform_that_is_down_delays_the_answer_but_loses_nothing(migrated_url: str) -> None:
    platform = FakePlatform()
    place = platform.place("D-ana")
    place.faults = [("post", PlatformError("fake", detail="down", retry_after_s=0.01))]
    async with staged(migrated_url, platform=platform) as stage:

        async def is_whole() -> bool:
            return (await stage.rows("SELECT answer FROM turns")) != [None]

        async def before(instant: str) -> None:
            if instant == "before post":
                await until("the whole answer to be stored", is_whole)

        place.hook = before
        await stage.hear(said("hello"))
        await until("the answer", lambda: stage.are({"answered"}))

        (answer,) = platform.visible("D-ana")
        assert "hello" in answer
        assert len(stage.asked) == 1


async def test_a_closed_place_ends_the_turn_with_a_log_line(migrated_url: str) -> None:
    platform = FakePlatform()
    platform.place("D-ana").faults = [("post", PlatformFault.CLOSED)]
    async with staged(migrated_url, platform=platform) as stage:
        with structlog.testing.capture_logs() as logs:
            await stage.hear(said("hello"))

        assert await stage.states() == ["failed"]
        assert "turn.undeliverable" in [entry["event"] for entry in logs]


async def test_a_turn_left_by_a_crash_is_answered_at_the_next_start(migrated_url: str) -> None:
    async with serve(plan="max") as sandbox:
        sandbox.state.faults.add(Fault("completions", "silence"))
        platform = FakePlatform()
        async with staged(
            migrated_url, sandbox=sandbox, platform=platform, limits={"shutdown_grace_s": 0}
        ) as stage:
            await stage.core.intake.receive(said("hello"))
            await until("AIVAX to be asked", lambda: stage.asked)
        await stage.change("UPDATE turns SET state = 'running', lease_until = '2020-01-01 00:00:00'")

        async with staged(migrated_url, sandbox=sandbox, platform=platform) as stage:
            await stage.rest()

            (answer,) = platform.visible("D-ana")
            assert "hello" in answer
            assert await stage.states() == ["answered"]


async def test_a_graceful_stop_lets_answers_finish(migrated_url: str) -> None:
    platform = FakePlatform()
    async with staged(migrated_url, platform=platform) as stage:
        await stage.core.intake.receive(said("hello"))
        await until("AIVAX to be asked", lambda: stage.asked)

    assert "hello" in platform.visible("D-ana")[0]


async def test_a_graceful_stop_hands_over_what_does_not_finish_in_time(migrated_url: str) -> None:
    async with serve(plan="max") as sandbox:
        sandbox.state.faults.add(Fault("completions", "silence"))
        async with staged(migrated_url, sandbox=sandbox, limits={"shutdown_grace_s": 0}) as stage:
            await stage.core.intake.receive(said("hello"))
            await until("AIVAX to be asked", lambda: stage.asked)

        assert await stage.states() == ["queued"]
        assert await stage.rows("SELECT tries FROM turns") == [0]


async def test_a_turn_that_crashed_too_often_gets_an_apology(migrated_url: str) -> None:
    async with staged(migrated_url, limits={"attempts": 2}) as stage:
        await stage.core.intake.receive(said("hello"))
        await stage.rest()
        await stage.change("UPDATE turns SET state = 'queued', tries = 2, answer = NULL, attempt = 2")
        stage.core.pool.notify(1)
        await stage.rest()

        assert "interrupted me several times" in stage.platform.visible("D-ana")[-1]
        assert await stage.states() == ["failed"]


async def test_a_bug_ends_in_a_sentence_with_a_reference_that_the_log_holds(migrated_url: str) -> None:
    platform = FakePlatform()

    async def broken(ref: str, most_bytes: int) -> Blob:
        raise ValueError("boom: secret detail")

    platform.fetch = broken  # type: ignore[method-assign]
    async with staged(migrated_url, platform=platform) as stage:
        with structlog.testing.capture_logs() as logs:
            await stage.hear(said("look", attachments=(Attachment("f", "a.png", "image/png", 1),)))

        (shown,) = platform.visible("D-ana")
        (entry,) = [entry for entry in logs if entry["event"] == "turn.failed"]
        assert entry["reference"] in shown
        assert "boom" not in shown


async def test_a_sweep_never_takes_a_turn_from_the_process_that_runs_it(migrated_url: str) -> None:
    """Sweeps at every step of twenty turns: each is answered once, in one attempt, for one call."""
    async with staged(migrated_url) as stage:
        queue = stage.core.pool
        for number in range(20):
            await stage.core.intake.receive(
                said(f"question {number}", at=Place("fake", "W1", f"D-{number}", "", True))
            )
        async with waiting_for("all answers"):
            while not await stage.are({"answered"}):
                await queue.sweep()

        assert len(stage.asked) == 20
        assert set(await stage.rows("SELECT attempt FROM turns")) == {1}


async def test_an_answer_that_never_ends_is_cut_stored_and_told(migrated_url: str) -> None:
    async with staged(migrated_url, limits={"answer_chars": 1_000}) as stage:
        await stage.hear(said("long 100000"))

        shown = "\n".join(stage.platform.visible("D-ana"))
        assert "This answer reached the longest length I may write." in shown
        (stored,) = await stage.rows("SELECT text FROM messages WHERE role = 'assistant'")
        assert 900 < len(stored) <= 1_000
        assert stored.split()[-1] in shown
        assert await stage.states() == ["answered"]


async def test_of_what_tools_do_a_bounded_part_is_kept(migrated_url: str) -> None:
    async with staged(migrated_url, limits={"tool_events": 1, "tool_contents_chars": 5}) as stage:
        await stage.hear(said("tools"))

        contents = await stage.rows("SELECT contents FROM tool_activity")
        assert [len(each) for each in contents] == [5]

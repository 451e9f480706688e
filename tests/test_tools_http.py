"""AIVAX calls functions over HTTP: who gets in, what the model reads, and what happens once and no more."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from bots.tools.nonce import LEAST_COST, MOST_COST, NonceBusy, NonceCheck
from core.storage.db import Database
from core.storage.tool_callers import ToolCallers
from core.storage.turns.intake import IntakeTransaction
from core.util.clock import utc_now
from tests.samples import ANA, BEN, CHANNEL, DIRECT
from tests.tool_house import HOOK_KEY, SECRET, call_of, nonce, served, written
from tests.waiting import until

SHOP = '''
    from pathlib import Path
    from bots.tools import AddSystem, Caller, Replace, Stop, ToolError, tool, worker

    diary = Path(__file__).with_suffix(".diary")

    @tool
    def note(line: str) -> str:
        """Write a line down."""
        with diary.open("a") as file:
            file.write(line + "\\n")
        return f"noted {line}"

    @tool(read_only=True)
    def lines() -> list[str]:
        """Read the lines."""
        return diary.read_text().split()

    @tool(read_only=True)
    def whoami(caller: Caller) -> str:
        """Say who asks."""
        return f"{caller.name} on {caller.platform} in {caller.channel or 'no place'}, alone: {caller.private}"

    @tool
    def fragile(line: str, fails: bool = True) -> str:
        """Fail the first time."""
        if not diary.exists():
            diary.write_text("tried\\n")
            raise KeyError("password: hunter2")
        return "done"

    @tool
    def refuse() -> str:
        """Refuse."""
        raise ToolError("There is no order 17.\\nAsk for its number.")

    @tool
    def hang() -> None:
        """Hang."""
        diary.write_text("began\\n")
        while True: pass

    @worker("message.received")
    def judge(event):
        text = event.messages[-1]["content"]
        if "forbidden" in text:
            raise Stop("policy")
        if "bug" in text:
            raise KeyError("a bug")
        return [AddSystem(f"It is {event.caller.name if event.caller else 'nobody'}.")] if "who" in text else None

    @worker("tool.called", on_failure="continue")
    def watch(event):
        if event.tool == "broken":
            return "nonsense"
        return Replace(f"instead of {event.tool}({event.arguments})") if event.arguments else None
'''


@pytest.fixture
def shop(tmp_path: Path) -> str:
    return written(tmp_path, SHOP)


@pytest.fixture
async def one(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A database of the kind that is there sooner, for what is the same on both."""
    path = shutil.copy(migrated_sqlite, tmp_path / "bot.sqlite3")
    async with Database(f"sqlite+aiosqlite:///{path}") as opened:
        yield opened


async def asked(database: Database, by: Any = ANA, at: Any = DIRECT) -> tuple[str, str]:
    """A question, as intake stores one: its key, and its person's."""
    async with database.write() as connection:
        intake = IntakeTransaction(connection, utc_now())
        identity = await intake.identity_id(by)
        conversation = await intake.find_or_open(at, identity)
        await intake.add_turn(conversation, identity, "somewhere", notice="x")
    async with database.read() as connection:
        token = (
            await connection.exec_driver_sql("SELECT key FROM turns ORDER BY id DESC LIMIT 1")
        ).scalar_one()
        person = (
            await connection.exec_driver_sql(
                "SELECT p.key FROM persons p JOIN identities i ON i.person_id = p.id"
                " JOIN turns t ON t.identity_id = i.id ORDER BY t.id DESC LIMIT 1"
            )
        ).scalar_one()
    return str(token), str(person)


# The listing


async def test_the_listing_tells_aivax_all_that_it_needs(one: Database, shop: str) -> None:
    async with served(one, shop) as house:
        functions = await house.functions()

        assert set(functions) == {"note", "lines", "whoami", "fragile", "refuse", "hang"}
        assert functions["note"] == {
            "name": "note",
            "description": "Write a line down.",
            "callbackUrl": f"{house.url}/functions/note",
            "headers": functions["note"]["headers"],
            "contentFormat": {
                "type": "object",
                "properties": {"line": {"type": "string"}},
                "required": ["line"],
            },
        }
        listed = {"X-Request-Nonce": nonce(), **functions["note"]["headers"]}
        assert (await house.post("note", call_of("note", {"line": "x"}), listed)).text == "noted x"
        assert (await house.post("lines", call_of("lines", {}), listed)).status_code == 401
        assert SECRET not in str(functions)


async def test_while_a_file_is_broken_the_listing_is_the_last_that_worked(
    one: Database, shop: str, tmp_path: Path
) -> None:
    async with served(one, shop) as house:
        before = await house.functions()
        written(tmp_path, "this is no Python")
        await until("the change to be seen", lambda: house.catalogue.problem)

        assert await house.functions() == before
        assert await house.call("note", line="still") == "noted still"


async def test_a_file_that_never_loaded_leaves_an_empty_listing_and_answers_alive(
    one: Database, tmp_path: Path
) -> None:
    async with served(one, written(tmp_path, "import nothing_of_that_name")) as house:
        listing = await house.listing()

        assert (listing.status_code, listing.json()) == (200, {"functions": []})
        assert "nothing_of_that_name" in house.catalogue.problem


# What the model reads


async def test_an_exception_is_one_line_without_its_words_and_the_log_has_it(
    one: Database, shop: str
) -> None:
    async with served(one, shop) as house:
        with structlog.testing.capture_logs() as logged:
            text = await house.call("fragile", line="a")

    (entry,) = [each for each in logged if each["event"] == "tools.failed"]
    assert "KeyError: 'password: hunter2'" in entry["trace"]
    assert text == (
        f"The function failed: it failed. Whoever runs this bot finds the reason under {entry['reference']}."
    )


async def test_a_refusal_and_wrong_arguments_are_told_in_words(one: Database, shop: str) -> None:
    async with served(one, shop) as house:
        refused = await house.call("refuse")
        wrong = await house.call("note", line=17)
        unknown = await house.call("forgotten")
        unreadable = await house.post("note", ["no", "call"])

    assert refused == "There is no order 17. Ask for its number."
    assert wrong == "Nothing was done, since the arguments are wrong: line: Input should be a valid string"
    assert unknown == "There is no such function any more."
    assert (unreadable.status_code, unreadable.text[:26]) == (200, "The call can't be read: it")


async def test_one_that_hangs_is_ended_and_told_while_others_are_answered(one: Database, shop: str) -> None:
    async with served(one, shop, timeout_s=3) as house:
        hanging = asyncio.create_task(house.call("hang", token="t"))
        noted = await house.call("note", line="x")
        assert not hanging.done()
        text = await hanging
        again = await house.call("hang", token="t")

    assert noted == "noted x"
    for told in (text, again):  # with a reference, unless its end was waited for too long
        assert "it took too long and was ended; whether it did anything is not known" in told


async def test_whatever_stands_in_a_call_it_is_answered_in_words(one: Database, shop: str) -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    halves = {
        "function": {"content": {"line": "\ud83d and \x00"}},
        "context": {"conversationToken": "\ud83d\x00"},
    }
    odd: list[Any] = [
        None,
        17,
        {"function": 1},
        {"function": {"content": []}},
        {"function": {"content": {"line": deep}}},
        {"function": {"content": {"line": "x"}}, "context": [1]},
        {"function": {"content": {"line": "y"}}, "context": {"conversationToken": 1, "externalUserId": {}}},
    ]
    async with served(one, shop) as house:
        answers = [await house.post("note", body) for body in odd]
        half = await house.http.post(
            f"{house.url}/functions/note", content=json.dumps(halves).encode(), headers=GOOD
        )
        torn = await house.http.post(f"{house.url}/functions/note", content=b"\xff{", headers=GOOD)
        deepest = await house.http.post(f"{house.url}/events", content=b"[" * 100_000, headers=GOOD)

    assert {each.status_code for each in (*answers, half, torn)} == {200}
    assert answers[4].text == "Nothing was done: the arguments are nested too deeply."
    assert answers[5].text == "noted x"
    assert half.text == "noted \ufffd and "
    assert torn.text.startswith("The call can't be read")
    assert deepest.status_code == 403


# Once


async def test_a_replay_with_everything_right_acts_once(database: Database, shop: str) -> None:
    async with served(database, shop) as house:
        headers = {"X-Request-Nonce": nonce(), "Authorization": f"Bearer {SECRET}"}
        body = call_of("note", {"line": "paid"}, token="question-1")
        first = await asyncio.gather(*(house.post("note", body, headers) for _ in range(10)))
        other = await house.call("note", token="question-2", line="paid")
        lines = await house.call("lines")

    assert {each.text for each in first} == {"noted paid"}
    assert other == "noted paid"
    assert lines == '["paid","paid"]'


async def test_a_replay_after_a_restart_acts_not_at_all(database: Database, shop: str) -> None:
    async with served(database, shop) as house:
        await house.call("note", token="question-1", line="paid")
    async with served(database, shop) as house:
        again = await house.call("note", token="question-1", line="paid")

        assert again.startswith("This was done before")
        assert await house.call("lines") == '["paid"]'


async def test_without_a_token_it_is_the_moment_that_makes_a_call(one: Database, shop: str) -> None:
    async with served(one, shop) as house:
        await house.call("note", line="paid")
        await house.call("note", line="paid")
        later = call_of("note", {"line": "paid"})
        later["context"]["moment"] = "2026-11-29T10:00:01+00:00"
        await house.post("note", later)

        assert await house.call("lines") == '["paid","paid"]'


async def test_a_call_that_failed_by_its_own_word_may_be_made_again(one: Database, shop: str) -> None:
    async with served(one, shop) as house:
        first = await house.call("fragile", token="t", line="a")
        second = await house.call("fragile", token="t", line="a")

    assert first.startswith("The function failed")
    assert second == "done"


async def test_without_a_database_nothing_is_done(
    one: Database, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.domain import DatabaseFailed

    async def away(*_: object) -> bool:
        raise DatabaseFailed("sqlite://", "away")

    async with served(one, shop) as house:
        monkeypatch.setattr("core.storage.tool_claims.ToolClaims.claim", away)
        text = await house.call("note", token="t", line="x")

    assert text.startswith("The function can't be run at the moment, and nothing was done")
    assert not Path(shop).with_suffix(".diary").exists()


# Who asks


async def test_each_call_sees_its_own_caller(database: Database, shop: str) -> None:
    ana, ana_key = await asked(database)
    ben, ben_key = await asked(database, by=BEN, at=CHANNEL)

    async with served(database, shop) as house:
        told = await asyncio.gather(
            house.call("whoami", token=ana, user=ana_key),
            house.call("whoami", token=ben, user=f"{ben_key}.p"),
            house.call("whoami", token="unknown", user=f"{ben_key}.p"),
            house.call("whoami", user=ana_key),
            house.call("whoami", token=ana),
            house.call("whoami", token=ana, user=ben_key),
            house.call("whoami", user="somebody-else"),
        )

    unknown = "This needs to know who asks, and the call does not tell. Nothing was done."
    assert told == [
        "Ana on fake in D-ana, alone: True",
        "Ben on fake in general, alone: False",
        "Ben on fake in no place, alone: False",
        "Ana on fake in no place, alone: False",
        "Ana on fake in D-ana, alone: True",
        unknown,
        unknown,
    ]


async def test_a_person_is_found_by_the_account_that_they_asked_with_last(database: Database) -> None:
    _, key = await asked(database)
    async with database.write() as connection:
        await connection.exec_driver_sql(
            'INSERT INTO identities (person_id, platform, workspace, "user", name, locale, chosen_locale, created_at)'
            " SELECT person_id, 'other', '', 'a2', 'Ana elsewhere', '', '', created_at FROM identities"
        )

    found = await ToolCallers(database).find("", key)

    assert found is not None
    assert (found.author.name, found.place) == ("Ana", None)


async def test_the_model_can_name_no_caller(one: Database, shop: str) -> None:
    ana, ana_key = await asked(one)
    async with served(one, shop) as house:
        forged = {"caller": {"platform": "fake", "workspace": "W1", "user": "ben", "name": "Ben"}}
        text = await house.call("whoami", ana, ana_key, **forged)

    assert text.startswith("Ana on fake")


# Workers


async def test_a_worker_lets_pass_stops_and_rewrites(one: Database, shop: str) -> None:
    _, key = await asked(one)

    def said(text: str) -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": text}], "origin": ["X"], "externalUserId": key}

    async with served(one, shop) as house:
        passed = await house.event("message.received", **said("hello"))
        stopped = await house.event("message.received", **said("forbidden"))
        failed = await house.event("message.received", **said("bug"))
        rewritten = await house.event("message.received", **said("who"))

    assert [each.status_code for each in (passed, stopped, failed, rewritten)] == [204, 403, 403, 200]
    assert rewritten.headers["content-type"] == "application/json+worker-action"
    assert rewritten.json() == {
        "type": "message.received.response",
        "data": {"rewrites": [{"type": "add-system", "message": "It is Ana."}]},
    }


async def test_a_worker_may_replace_a_tool_and_fail_without_harm(one: Database, shop: str) -> None:
    async with served(one, shop) as house:
        replaced = await house.event("tool.called", toolName="find", toolArguments={"a": 1})
        passed = await house.event("tool.called", toolName="find", toolArguments={})
        failed = await house.event("tool.called", toolName="broken", toolArguments={})
        unknown = await house.event("message.deleted")

    assert replaced.json()["data"] == {"result": "instead of find({'a': 1})", "messages": []}
    assert [each.status_code for each in (passed, failed, unknown)] == [204, 204, 204]


async def test_events_of_other_gateways_are_stopped_where_ours_are_named(one: Database, shop: str) -> None:
    async with served(one, shop, gateways=("g-2",)) as house:
        other = await house.event("tool.called", toolName="find", toolArguments={})
    async with served(one, shop, gateways=("g-1",)) as house:
        ours = await house.event("tool.called", toolName="find", toolArguments={})

    assert (other.status_code, ours.status_code) == (403, 204)


# Who gets in

GOOD = {"X-Request-Nonce": nonce(), "Authorization": f"Bearer {SECRET}"}
HASH = nonce()


def strangers() -> list[dict[str, str]]:
    """Headers that are wrong in one way each."""
    secret = {"Authorization": f"Bearer {SECRET}"}
    wrong = [
        nonce("another key"),
        "",
        "$2a$04$short",
        HASH + "x",
        HASH[:-1],
        HASH.replace("$04$", "$03$"),
        HASH.replace("$04$", "$13$"),
        HASH.replace("$04$", "$31$"),
        HASH.replace("$2a$", "$2x$"),
        HASH.replace("$2a$", "$bcrypt-sha256$"),
        "$2b$04$" + "~" * 53,
        "x" * 5_000,
        HOOK_KEY,
    ]
    without = [
        {"X-Request-Nonce": HASH, "Authorization": value} for value in ("", "Bearer", "Bearer x", SECRET)
    ]
    return [
        secret,
        {"X-Request-Nonce": HASH},
        *({**secret, "X-Request-Nonce": each} for each in wrong),
        *without,
    ]


async def test_of_a_thousand_wrong_calls_none_gets_in_and_the_loop_goes_on(one: Database, shop: str) -> None:
    """The watchdog of all tests fails this one where the loop stood still for 50 ms of its processor time."""
    kinds = strangers()
    async with served(one, shop) as house:
        statuses: set[int] = set()
        for begin in range(0, 1_000, 50):
            calls = [
                house.post("note", call_of("note", {"line": "in"}), kinds[number % len(kinds)])
                for number in range(begin, begin + 50)
            ]
            statuses |= {each.status_code for each in await asyncio.gather(*calls)}
        listings = [await house.listing(**{"X-Request-Nonce": each}) for each in ("", "x", nonce("other"))]
        right = await house.post("note", call_of("note", {"line": "right"}), GOOD)

        assert statuses <= {401, 503}
        assert {each.status_code for each in listings} == {401}
        assert right.text == "noted right"
        assert await house.call("lines") == '["right"]'


@pytest.mark.parametrize("cost", [LEAST_COST, 6])
async def test_two_keys_are_taken_while_they_are_changed(cost: int) -> None:
    check = NonceCheck([HOOK_KEY, "the-old-one"])
    try:
        assert await check.accepts(nonce(cost=cost))
        assert await check.accepts(nonce("the-old-one", cost))
        assert not await check.accepts(nonce("a-third", cost))
    finally:
        check.close()


async def test_only_the_first_72_bytes_of_a_key_count_as_bcrypt_has_it() -> None:
    check = NonceCheck(["é" * 100])
    try:
        assert await check.accepts(nonce("é" * 36))
        assert not await check.accepts(nonce("é" * 35))
    finally:
        check.close()


async def test_an_accepted_nonce_is_not_hashed_again_and_dear_ones_never(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed: list[bytes] = []
    check = NonceCheck([HOOK_KEY])
    matches = check._matches
    monkeypatch.setattr(check, "_matches", lambda each: hashed.append(each) or matches(each))
    try:
        for _ in range(3):
            assert await check.accepts(HASH)
        assert not await check.accepts(HASH.replace("$04$", f"${MOST_COST + 1}$"))
    finally:
        check.close()

    assert hashed == [HASH.encode()]


async def test_strangers_are_turned_away_where_too_much_is_checked_and_who_has_the_secret_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    goes_on, check = threading.Event(), NonceCheck([HOOK_KEY])
    matches = check._matches
    monkeypatch.setattr(check, "_matches", lambda each: goes_on.wait(60) and matches(each))
    try:
        strangers = [asyncio.create_task(check.accepts(nonce("other"))) for _ in range(8)]
        await asyncio.sleep(0)
        with pytest.raises(NonceBusy):
            await check.accepts(nonce())
        waiting = [asyncio.create_task(check.accepts(HASH, trusted=True)) for _ in range(20)]
        await asyncio.sleep(0)
        goes_on.set()

        assert not any(await asyncio.gather(*strangers))
        assert all(await asyncio.gather(*waiting))
    finally:
        goes_on.set()
        check.close()


async def test_without_a_hook_key_nobody_gets_in() -> None:
    check = NonceCheck([""])

    assert not await check.accepts(nonce(""))
    check.close()


async def test_a_body_that_is_too_large_is_not_read(database: Database, shop: str) -> None:
    async with served(database, shop) as house:
        answer = await house.post("note", call_of("note", {"line": "x" * 2_000_000}), GOOD)

    assert answer.status_code == 413

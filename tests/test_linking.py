"""Linked accounts: how two become one person, who can't be tricked into it, and what is one afterwards."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

from core.domain import Action, Author, Command, Identity, Place
from core.domain.audit import Actor, Via
from core.rights.link_words import ALPHABET, digest_of, new_code, read_link, read_number
from core.rights.people import PeopleDesk
from core.storage.console.person import PersonReads
from core.storage.personal_data.people import Account
from core.storage.spending import Price
from core.storage.turns.intake import IntakeStore
from core.storage.uses import UseStore
from core.util.clock import utc_now
from sandbox.faults import Fault
from tests.samples import ANA, BEN, CHANNEL, DIRECT, WallClock, reset, said
from tests.stage import Stage, staged
from tests.test_erasure import pressed
from tests.test_rights_export import ELSEWHERE, THERE, Drawer, commanded, exported
from tests.test_rights_people import run
from tests.waiting import until

ON: dict[str, Any] = {"people": {"linking": True}}
ZOE = Author(Identity("fake", "W2", "zoe"), "Zoe", time_zone="Europe/Lisbon")
"""Ana's other account."""
ZOES = Place("fake", "W2", "D-zoe", private=True)
EVE = Author(Identity("fake", "W3", "eve"), "Eve")
EVES = Place("fake", "W3", "D-eve", private=True)
BY = Actor(Via.COMMAND, "root")
COUNTED = {"requests_per_minute": 1_000}
"""With a limit, each call is a row of its person's."""
AGAIN = (
    "UPDATE turns SET state = 'queued', answer = NULL, ended_at = NULL"
    " WHERE id = (SELECT by_turn_id FROM link_codes)"
)
"""As a crash leaves the turn that took a code in."""
_CODE = re.compile(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}")


def shown(stage: Stage, place: Place) -> list[str]:
    return stage.platform.visible(place.channel)


def last(stage: Stage, place: Place) -> str:
    return shown(stage, place)[-1]


async def code_for(stage: Stage, by: Author = ANA, at: Place = DIRECT) -> str:
    await stage.hear(said("link", by=by, at=at))
    found = _CODE.search(last(stage, at))
    assert found is not None
    return found[0]


async def tells(stage: Stage, words: str, by: Author, at: Place) -> str:
    """Say something, and read what the bot answers there."""
    await stage.hear(said(words, by=by, at=at))
    return last(stage, at)


async def press(stage: Stage, action: Action, by: Author, at: Place) -> None:
    """Press the newest such button in a place."""
    button = [each for each in stage.platform.place(at.channel).buttons if each.action is action][-1]
    await stage.hear(pressed(action, button.turn, by=by, at=at))


async def linked(stage: Stage, more: str = "", *, by: Author = ZOE, at: Place = ZOES) -> None:
    """Link an account to Ana's, who agrees on both sides."""
    code = await code_for(stage)
    await stage.hear(said(f"link {code} {more}", by=by, at=at))
    await stage.hear(said("link yes", by=by, at=at))
    await stage.hear(said("link yes"))


async def persons(stage: Stage) -> int:
    """As how many people the accounts count."""
    return len(set(await stage.rows("SELECT person_id FROM identities")))


# Words


def test_a_code_is_read_however_it_is_typed_and_words_are_no_codes() -> None:
    code = new_code(8)

    assert _CODE.fullmatch(code)
    for typed in (code, code.lower(), code.replace("-", ""), code.replace("-", " "), f"`{code}`", f"{code}."):
        assert digest_of(read_link(typed).code) == digest_of(code)
    for chars in (6, 8, 11, 16):
        given = new_code(chars)
        for typed in (
            f"{given} please",
            f"my accounts: {given}.",
            f"with ({given.lower()}), it is me",
            f"code {given}",
        ):
            assert digest_of(read_link(typed).code) == digest_of(given)
    assert read_link(f"{code} --together").shares_talk
    assert read_link(f"{code} juntas").shares_talk
    assert [read_link(each).kind for each in ("", "Sí", "não", "together", "separadas", "••••-••••")] == [
        *("show", "yes", "no", "together", "apart", "masked")
    ]
    for question in (
        "me the minutes",
        "building in 2026",
        "rhythms",
        "yes please do",
        "K7QM",
        "K7QM-4 please",
        "the twenty-second page",
    ):
        assert read_link(question).kind == "strange"
    assert [read_number(each) for each in ("", "2", "#3", "me")] == [0, 2, 3, None]


# How two become one


async def test_two_accounts_are_one_person_once_both_have_agreed(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        code = await code_for(stage)
        asked = await tells(stage, f"link {code}", ZOE, ZOES)
        before = await persons(stage)
        await press(stage, Action.LINK, ZOE, ZOES)
        asked_there = last(stage, DIRECT)
        between = await persons(stage)
        await press(stage, Action.LINK, ANA, DIRECT)
        after = await persons(stage)
        told = [shown(stage, Place("fake", "", "whispers"))[-1], last(stage, ZOES)]
        listed = await tells(stage, "link", ZOE, ZOES)
        log = await stage.rows("SELECT action FROM audit_log")

    assert "`Ana (fake:W1/ana)`" in asked
    assert "`Zoe (fake:W2/zoe)`" in asked_there
    assert (before, between, after) == (2, 2, 1)
    assert [each.startswith("Done: `") for each in told] == [True, True]
    assert "1. `Ana (fake:W1/ana)`\n2. `Zoe (fake:W2/zoe)` (this one)" in listed
    assert log == ["person.link"]


async def test_a_code_is_stored_nowhere(url: str) -> None:
    async with staged(url, **ON) as stage:
        code = await code_for(stage)
        await stage.hear(said(f"link {code.lower()}", by=ZOE, at=ZOES))
        stored = await stage.rows("SELECT answer FROM turns WHERE answer IS NOT NULL")
        stored += await stage.rows("SELECT text FROM messages")
        digests = await stage.rows("SELECT digest FROM link_codes")

    words = "\n".join(stored).upper()
    assert code not in words
    assert "••••-••••" in words
    assert digests == [digest_of(code)]


async def test_nothing_is_linked_where_either_side_says_no(url: str) -> None:
    async with staged(url, **ON) as stage:
        await stage.hear(said(f"link {await code_for(stage)}", by=EVE, at=EVES))
        await press(stage, Action.NOT_ME, EVE, EVES)
        first = last(stage, DIRECT)
        await stage.hear(
            said(f"link {await code_for(stage)}", by=EVE, at=EVES), said("link yes", by=EVE, at=EVES)
        )
        await stage.hear(said("link no"))
        second, codes = last(stage, EVES), await stage.rows("SELECT id FROM link_codes")
        late = await tells(stage, "link yes", EVE, EVES)

        assert first == second.replace("Ana (fake:W1/ana)", "Eve (fake:W3/eve)")
        assert "said no, so nothing is linked" in first
        assert codes == []
        assert late.startswith("There is nothing to agree to any more.")
        assert await persons(stage) == 2


async def test_an_old_question_agrees_to_nobody_newer(url: str) -> None:
    async with staged(url, **ON) as stage:
        await stage.hear(said(f"link {await code_for(stage)}", by=ZOE, at=ZOES))
        await press(stage, Action.LINK, ZOE, ZOES)
        old = next(each for each in stage.platform.place("D-ana").buttons if each.action is Action.LINK)
        await stage.hear(
            said(f"link {await code_for(stage)}", by=EVE, at=EVES), said("link yes", by=EVE, at=EVES)
        )
        await stage.hear(pressed(Action.LINK, old.turn))

        assert await persons(stage) == 3
        assert shown(stage, Place("fake", "", "whispers"))[-1].startswith("There is nothing to agree to")


async def test_a_word_answers_the_one_question_that_waits(migrated_url: str) -> None:
    """Who is asked whether one account is theirs can't be asked by a stranger in the same moment."""
    async with staged(migrated_url, **ON) as stage:
        leaked, of_zoe = await code_for(stage), await code_for(stage, ZOE, ZOES)
        await stage.hear(said(f"link {of_zoe}"))
        too_late = await tells(stage, f"link {leaked}", EVE, EVES)
        leaked = await code_for(stage)
        await stage.hear(said(f"link {leaked}", by=EVE, at=EVES), said("link yes", by=EVE, at=EVES))
        await press(stage, Action.NOT_ME, ANA, DIRECT)
        old = await tells(stage, "link yes", ANA, DIRECT)

        assert too_late.startswith("I know no such code")
        assert old.startswith("There is nothing to agree to")
        assert await persons(stage) == 3


async def test_a_code_is_neither_given_nor_taken_where_others_read(url: str) -> None:
    async with staged(url, **ON) as stage:
        refused = await tells(stage, "link", ANA, CHANNEL)
        code = await code_for(stage)
        public = await tells(stage, f"link {code}", ZOE, THERE)
        void = await tells(stage, f"link {code}", ZOE, ZOES)
        kept = await stage.rows("SELECT text FROM messages WHERE text LIKE 'link %'")

    assert refused == "Others can read here. Please say that to me in a direct message."
    assert "Please delete your message" in public
    assert void.startswith("I know no such code")
    assert set(kept) == {"link ••••-••••"}


async def test_codes_run_out_work_once_and_are_not_for_guessing(url: str) -> None:
    clock = WallClock()
    async with staged(url, now=clock, people={"linking": True, "code_tries": 3}) as stage:
        code = await code_for(stage)
        own = await tells(stage, f"link {code}", ANA, DIRECT)
        await stage.hear(said(f"link {code}", by=ZOE, at=ZOES))
        second = await tells(stage, f"link {code}", EVE, EVES)
        code = await code_for(stage)
        clock.advance(minutes=10, seconds=1)
        late = await tells(stage, f"link {code}", ZOE, ZOES)
        await stage.hear(said(f"link {new_code(8)}", by=ZOE, at=ZOES))
        guessed = await tells(stage, f"link {await code_for(stage)}", ZOE, ZOES)
        clock.advance(hours=1, seconds=1)
        swept = await stage.core.retention.sweep()
        again = await tells(stage, f"link {await code_for(stage)}", ZOE, ZOES)

    assert own.startswith("That code is this account's own.")
    assert second.startswith("I know no such code")
    assert late.startswith("I know no such code")
    assert guessed == "I've looked at 3 codes from you within an hour. Please try again later."
    assert again.startswith("This code was made by")
    assert swept.codes == 1


async def test_of_two_who_use_a_code_at_once_one_has_used_it(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        await stage.hear(said("hi", by=ZOE, at=ZOES), said("hi", by=EVE, at=EVES))
        code = await code_for(stage)
        await stage.hear(said(f"link {code}", by=ZOE, at=ZOES), said(f"link {code}", by=EVE, at=EVES))
        told = sorted([last(stage, ZOES)[:21], last(stage, EVES)[:21]])
        users = await stage.rows("SELECT by_identity_id FROM link_codes")

    assert told == ["I know no such code: i", "This code was made by"] or told[1].startswith("This code")
    assert told[0].startswith("I know no such code")
    assert len(users) == 1


async def test_a_button_that_is_pressed_more_than_once_at_once_links_once(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        await stage.hear(
            said(f"link {await code_for(stage)}", by=ZOE, at=ZOES), said("link yes", by=ZOE, at=ZOES)
        )
        button = [each for each in stage.platform.place("D-ana").buttons if each.action is Action.LINK][-1]
        presses = [pressed(Action.LINK, button.turn) for _ in range(3)]
        await asyncio.gather(*map(stage.core.intake.receive, presses))
        await stage.rest()

        assert await persons(stage) == 1
        assert await stage.rows("SELECT action FROM audit_log") == ["person.link"]


async def test_a_block_in_the_moment_of_linking_misses_neither_account(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        desk = PeopleDesk(IntakeStore(stage.core.database, utc_now, ("fake",)), ("fake",))
        code = await code_for(stage)
        await stage.hear(said(f"link {code}", by=ZOE, at=ZOES), said("link yes", by=ZOE, at=ZOES))
        button = [each for each in stage.platform.place("D-ana").buttons if each.action is Action.LINK][-1]
        known = await desk.find("Ana")
        await asyncio.gather(
            stage.core.intake.receive(pressed(Action.LINK, button.turn)),
            desk.block(Account("fake", "", "ana"), known, by=BY),
        )
        await stage.rest()
        blocked = {str(each.account) for each in await desk.blocked()}

        assert blocked == ({"fake:ana", "fake:zoe"} if await persons(stage) == 1 else {"fake:ana"})


async def test_a_crash_after_a_code_was_taken_in_asks_again(url: str) -> None:
    async with staged(url, **ON) as stage:
        await stage.hear(said(f"link {await code_for(stage)}", by=ZOE, at=ZOES))
        await stage.change("DELETE FROM messages WHERE role = 'assistant'")
        await stage.change(AGAIN)
    async with staged(url, **ON) as stage:
        await stage.core.pool.sweep()
        await stage.rest()

        assert last(stage, ZOES).startswith("This code was made by")


# What is one afterwards


async def test_a_question_under_way_goes_on_and_counts_as_one_persons(migrated_url: str) -> None:
    async with staged(migrated_url, limits=COUNTED, **ON) as stage:
        await stage.hear(said("hello"))
        stage.sandbox.state.faults.add(Fault("completions", "silence", after_chunks=2))
        await stage.core.intake.receive(said("tell me a story", by=ZOE, at=ZOES))
        await until("it to be asked", lambda: stage.times_asked == 2)
        ana, zoe = await stage.rows("SELECT id FROM identities ORDER BY id")
        async with IntakeStore(stage.core.database, utc_now, ("fake",)).transaction() as transaction:
            await transaction.links.hold(ana, zoe)
            await transaction.links.link(ana, zoe, shares_talk=False)
        counted = await stage.rows("SELECT DISTINCT person_id FROM calls")
        await stage.hear(commanded(Command.STOP, by=ZOE, at=ZOES))
        states = await stage.states()

    assert len(counted) == 1
    assert "cancelled" in states
    assert not {"queued", "running"} & set(states)


async def test_linked_accounts_have_one_limit_one_language_and_one_time_zone(migrated_url: str) -> None:
    limits = {"person_daily": 10}
    async with staged(migrated_url, limits=limits, **ON) as stage:
        await stage.hear(said("hello"), said("hi", by=ZOE, at=ZOES))
        await stage.hear(pressed(Action.LANGUAGE, "", words="es", at=DIRECT))
        await linked(stage)
        spoken = await tells(stage, "unlink 9", ZOE, ZOES)
        zones = await stage.rows("SELECT DISTINCT time_zone FROM identities")
        await stage.hear(said("moved", by=replace(ZOE, time_zone="Asia/Tokyo"), at=ZOES))
        moved = await stage.rows("SELECT DISTINCT time_zone FROM identities")
        for number in range(10):
            await stage.hear(said(f"q{number}", by=(ANA, ZOE)[number % 2], at=(DIRECT, ZOES)[number % 2]))
        asked = stage.times_asked
        refused = [each for each in (*shown(stage, DIRECT), *shown(stage, ZOES)) if "10" in each]

    assert spoken.startswith("No hay ninguna cuenta con ese número")
    assert zones == ["Europe/Lisbon"]
    assert moved == ["Asia/Tokyo"]
    assert asked < 10
    assert refused


async def test_a_tools_daily_uses_are_counted_over_linked_accounts(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        await stage.hear(said("hello"), said("hi", by=ZOE, at=ZOES))
        ana, zoe = await stage.rows("SELECT key FROM persons ORDER BY id")
        uses = UseStore(stage.core.database, utc_now)
        assert await uses.take(ana, "draw", 2)
        assert await uses.take(zoe, "draw", 2)
        await linked(stage)
        over = await uses.take(zoe, "draw", 2)
        counted = dict(await uses.used(ana))
        (before,) = await stage.rows("SELECT home_person_id FROM identities WHERE name = 'Zoe'")
        page = await PersonReads(stage.core.database, Price(), utc_now).person(before)
        await stage.hear(said("unlink"))
        apart = dict(await uses.used(ana))

    assert page is not None
    assert [each.name for each in page.accounts] == ["Ana", "Zoe"]
    assert page.tools == [("draw", 2)]
    assert not over
    assert counted == {"draw": 2}
    assert apart == {"draw": 1}


async def test_export_and_forget_reach_all_of_a_person(migrated_url: str) -> None:
    drawer = Drawer()
    async with staged(migrated_url, platform=drawer, privacy={"export_every_h": 0}, **ON) as stage:
        await stage.hear(
            said("Ana's words"), said("Zoe's words", by=ZOE, at=ZOES), said("Eve's", by=EVE, at=EVES)
        )
        await linked(stage)
        await stage.hear(commanded(Command.EXPORT, at=DIRECT))
        data = (await exported(stage, drawer))["my-data.json"].data.decode()
        keys = await stage.rows("SELECT key FROM persons ORDER BY id")
        await stage.hear(commanded(Command.ERASE, by=ZOE, at=ZOES))
        await stage.core.intake.deletion.carry_on()
        left = await stage.rows("SELECT text FROM messages WHERE role = 'user'")
        remote = await stage.rows("SELECT key FROM remote_erasures JOIN persons ON persons.id = person_id")

    assert all(each in data for each in ("Ana's words", "Zoe's words", *keys[:2]))
    assert "Eve's" not in data
    assert set(left) == {"Eve's"}
    assert set(remote) == set(keys[:2])


async def test_a_block_holds_for_all_accounts_and_who_is_blocked_can_not_link(migrated_url: str) -> None:
    async with staged(migrated_url, **ON) as stage:
        desk = PeopleDesk(IntakeStore(stage.core.database, utc_now, ("fake",)), ("fake",))
        await linked(stage)
        await desk.block(Account("fake", "", "ana"), await desk.find("Ana"), by=BY)
        before = stage.times_asked
        told = await tells(stage, "hello", ZOE, ZOES)
        met_anew = replace(ZOE, identity=Identity("fake", "W4", "zoe"))
        await stage.hear(said("hello", by=met_anew, at=replace(ZOES, workspace="W4")))
        blocked = {str(each.account) for each in await desk.blocked()}
        await desk.unblock(Account("fake", "", "zoe"), await desk.find("Zoe"), by=BY)
        free = [str(each.account) for each in await desk.blocked()]

        await stage.hear(
            said(f"link {await code_for(stage, BEN, replace(DIRECT, channel='D-ben'))}", by=EVE, at=EVES)
        )
        await stage.hear(said("link yes", by=EVE, at=EVES))
        await desk.block(Account("fake", "", "eve"), await desk.find("Eve"), by=BY)
        refused = await tells(stage, "link yes", BEN, replace(DIRECT, channel="D-ben"))

        assert told.startswith("The people who run me have decided")
        assert stage.times_asked == before
        assert blocked == {"fake:ana", "fake:zoe"}
        assert free == []
        assert refused.startswith("These two accounts can't be linked.")


async def test_an_account_met_in_one_more_workspace_is_the_same_person_there(url: str) -> None:
    async with staged(url, **ON) as stage:
        await stage.hear(said("hello"), said("abroad", by=ELSEWHERE, at=THERE))
        await linked(stage)
        one = await persons(stage)
        met_anew = replace(ANA, identity=Identity("fake", "W5", "ana"))
        await stage.hear(said("here, too", by=met_anew, at=Place("fake", "W5", "general")))
        still_one = await persons(stage)
        await stage.hear(said("unlink", by=ZOE, at=ZOES))
        apart = await persons(stage)
        unmarked = await stage.rows("SELECT id FROM identities WHERE home_person_id IS NOT NULL")

    assert (one, still_one) == (1, 1)
    assert apart == 4  # in each workspace the person that they were there
    assert unmarked == []


# What AIVAX gets


async def test_each_account_keeps_its_id_at_aivax_but_where_talk_is_one(migrated_url: str) -> None:
    async def users(stage: Stage) -> list[str]:
        start = len(stage.asked)
        await stage.hear(said("one"), said("two", at=CHANNEL))
        await stage.hear(said("three", by=ZOE, at=ZOES), said("four", by=ZOE, at=THERE))
        return sorted(str(body["user"]) for body in stage.asked[start:])

    async with staged(migrated_url, **ON) as stage:
        before = await users(stage)
        await linked(stage)
        apart = await users(stage)
        await stage.hear(said("link together"))
        together = await users(stage)
        ana, zoe = await stage.rows("SELECT key FROM persons ORDER BY id")
        await stage.hear(said("link apart", by=ZOE, at=ZOES))
        again = await users(stage)

    assert before == apart == again == sorted([ana, f"{ana}.p", zoe, f"{zoe}.p"])
    assert together == sorted([ana, ana, f"{ana}.p", f"{zoe}.p"])


async def test_private_talk_is_one_conversation_only_where_they_want_it(migrated_url: str) -> None:
    def seen(stage: Stage) -> str:
        return str(stage.asked[-1]["messages"])

    async with staged(migrated_url, **ON) as stage:
        await stage.hear(said("the pearl"))
        await stage.hear(said("in public", at=CHANNEL))
        await linked(stage)
        await stage.hear(said("and now?", by=ZOE, at=ZOES))
        apart = seen(stage)
        await stage.hear(said("link together", by=ZOE, at=ZOES), said("and then?", by=ZOE, at=ZOES))
        together = seen(stage)
        await stage.hear(said("in the open", by=ZOE, at=THERE))
        public = seen(stage)
        await stage.hear(reset(by=ZOE, at=ZOES), said("anew"))
        anew = seen(stage)
        await stage.hear(said("the oyster", by=ZOE, at=ZOES), said("link apart"), said("alone"))
        alone = seen(stage)

    assert "the pearl" not in apart
    assert "the pearl" in together
    assert "in public" not in together
    assert "the pearl" not in public
    assert "the pearl" not in anew
    assert "the oyster" not in alone


# Apart again


async def test_undo_takes_apart_what_was_linked_last_and_all_are_told(migrated_url: str) -> None:
    async with staged(migrated_url, limits=COUNTED, **ON) as stage:
        await stage.hear(said("hello"), said("hi", by=ZOE, at=ZOES))
        await linked(stage)
        await linked(stage, by=EVE, at=EVES)
        whole = await persons(stage)
        await press(stage, Action.UNLINK, EVE, EVES)
        told = last(stage, DIRECT)
        without_eve = await persons(stage)
        await stage.hear(said("unlink"))
        apart, marks = await persons(stage), await stage.rows("SELECT max(home_person_id) FROM identities")
        log = await stage.rows("SELECT action FROM audit_log ORDER BY id")
        (made,) = await stage.rows("SELECT count(*) FROM calls")
        calls = await stage.rows(
            "SELECT count(*) FROM calls JOIN turns ON turns.id = turn_id JOIN identities i ON i.id = identity_id"
            " WHERE i.person_id <> calls.person_id"
        )

    assert (whole, without_eve, apart) == (1, 2, 3)
    assert told.startswith("`Eve (fake:W3/eve)` is by itself again.")
    assert marks == [None]
    assert log == ["person.link", "person.link", "person.unlink", "person.unlink"]
    assert calls == [0]
    assert made > 0


async def test_the_first_account_may_go_and_the_others_stay_one(url: str) -> None:
    async with staged(url, **ON) as stage:
        await linked(stage)
        await linked(stage, by=EVE, at=EVES)
        await stage.hear(said("unlink 1", by=ZOE, at=ZOES))
        rows = await stage.rows("SELECT person_id FROM identities ORDER BY id")
        alone = await stage.rows("SELECT name FROM identities WHERE home_person_id IS NULL")
        swept = await stage.core.retention.sweep()

        assert rows[1] == rows[2] != rows[0]
        assert alone == ["Ana"]
        assert swept.persons == 0


def test_operators_see_links_and_take_them_apart_by_command(url: str) -> None:
    async def lived() -> None:
        async with staged(url, **ON) as stage:
            await linked(stage)

    asyncio.run(lived())
    found, apart = run(url, "find", "Ana"), [run(url, "unlink", "Zoe"), run(url, "unlink", "Zoe")]
    found_again = run(url, "find", "Ana")

    assert found[1].strip().endswith("(linked with fake:W2/zoe)")
    assert "fake:W2/zoe (Zoe) is by itself again\n" in apart[0][1]
    assert "fake:W2/zoe (Zoe) was not linked\n" in apart[1][1]
    assert "linked" not in found_again[1]


async def test_who_agreed_to_be_stored_once_is_not_asked_again(url: str) -> None:
    agree: dict[str, Any] = {"privacy": {"consent": "agree"}}
    async with staged(url, **ON, **agree) as stage:
        for who, where in ((ANA, DIRECT), (ZOE, ZOES)):
            await stage.hear(said("hello", by=who, at=where), said("I agree", by=who, at=where))
        await linked(stage)
        await stage.hear(said("unlink", by=ZOE, at=ZOES), said("now?", by=ZOE, at=ZOES))

        assert await stage.rows("SELECT count(*) FROM consents WHERE agreed_at IS NOT NULL") == [2]
        assert stage.times_asked == 3


async def test_what_is_off_is_a_question_and_needs_nothing(url: str) -> None:
    async with staged(url) as stage:
        await stage.hear(said("link"), said(f"link {new_code(8)}"))

        assert stage.times_asked == 2
        assert [each.name for each in stage.core.intake.capabilities()] == []

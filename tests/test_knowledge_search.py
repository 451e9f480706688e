"""`search` and `sources` through the whole bot: what people see, what is sent, and what nobody else's search shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.domain import Place, SettingRefused
from sandbox.faults import Fault
from sandbox.server import GATEWAY_UUID, PUBLIC_KEY, Sandbox, serve
from sandbox.shapes import CHOICES, Shapes
from tests.knowledge_stage import put
from tests.samples import ANA, BEN, DIRECT, WallClock, said
from tests.stage import Stage, staged

BOUNDARY = "metadata.workspace = {workspace}"
ACME, UMBRELLA = (Place("fake", name, f"D-{name}") for name in ("ACME", "UMBRELLA"))


def manual(sandbox: Sandbox) -> str:
    """A collection with a document of each of two customers."""
    state = sandbox.state
    put(
        state,
        "manual",
        "Refunds",
        "Refunds of Acme take three days.",
        {"workspace": "ACME", "url": "https://acme.example/r"},
    )
    return put(
        state, "manual", "Repayments", "Refunds of Umbrella take nine days.", {"workspace": "UMBRELLA"}
    )


def knowledge(collection: str, **changes: Any) -> Mapping[str, Any]:
    place = {"collections": [collection], "reranker": "none", **changes.pop("place", {})}
    return {"places": [place], **changes}


def asked(sandbox: Sandbox, path: str = "/api/v1/query") -> list[dict[str, Any]]:
    return [call["body"] for call in sandbox.state.calls.described() if call["path"] == path]


def shown(stage: Stage, place: Place = DIRECT) -> str:
    return "\n".join(stage.platform.visible(place.channel))


async def test_a_search_shows_names_that_lead_somewhere_scores_and_what_stands_there(
    migrated_url: str,
) -> None:
    async with (
        serve(plan="max") as sandbox,
        staged(migrated_url, sandbox=sandbox, knowledge=knowledge(manual(sandbox))) as stage,
    ):
        await stage.hear(said("search refunds three days?"))

        first, second = shown(stage).split("\n\n")
        assert (
            first
            == "**1.** [Refunds](https://acme.example/r) (score 0.99)\n> Refunds of Acme take three days."
        )
        assert second.startswith("**2.** Repayments (score 0.67)")
        assert stage.times_asked == 0
        assert await stage.rows("SELECT other_usd > 0 FROM usage WHERE model = 'search'") == [1]


async def test_nothing_found_no_words_and_too_many_are_said_plainly(migrated_url: str) -> None:
    async with (
        serve(plan="max") as sandbox,
        staged(migrated_url, sandbox=sandbox, knowledge=knowledge(manual(sandbox))) as stage,
    ):
        await stage.hear(said("search zebras"), said("search"), said(f"search {'cats ' * 500}"))

        nothing, usage, too_long = stage.platform.visible(DIRECT.channel)
        assert "found nothing about that" in nothing
        assert "such as: `search" in usage
        assert "up to 2,000 characters" in too_long
        assert len(asked(sandbox)) == 1


async def test_an_answer_names_its_sources_and_lists_those_alone(migrated_url: str) -> None:
    async with (
        serve(plan="max") as sandbox,
        staged(migrated_url, sandbox=sandbox, knowledge=knowledge(manual(sandbox))) as stage,
    ):
        await stage.hear(said("sources refunds three days cite 2"))

        text = shown(stage)
        body = str(stage.asked[0]["messages"])
        assert "Document [1] Refunds" in body
        assert "Refunds of Acme take three days." in body
        assert "in square brackets" in stage.asked[0]["messages"][0]["content"]
        assert text.endswith("**Sources**\n[2] Repayments (score 0.4)")


async def test_each_source_that_is_named_is_listed_once(migrated_url: str) -> None:
    async with (
        serve(plan="max") as sandbox,
        staged(migrated_url, sandbox=sandbox, knowledge=knowledge(manual(sandbox))) as stage,
    ):
        await stage.hear(said("sources refunds days take three cite 2 1 2 9"))

        lines = shown(stage).partition("**Sources**\n")[2].splitlines()
        assert [line[:3] for line in lines] == ["[1]", "[2]", "[9]"]


async def test_an_answer_that_names_no_source_or_a_made_up_one_is_told_to(migrated_url: str) -> None:
    async with (
        serve(plan="max") as sandbox,
        staged(migrated_url, sandbox=sandbox, knowledge=knowledge(manual(sandbox))) as stage,
    ):
        await stage.hear(said("sources refunds three days cite 9"))

        text = shown(stage)
        assert (
            "**Found, though the answer names none of them**\n[1] [Refunds](https://acme.example/r)" in text
        )
        assert "[9]: the answer names this, but I found no such document." in text


async def test_without_a_source_no_model_is_asked(migrated_url: str) -> None:
    async with (
        serve(plan="max") as sandbox,
        staged(migrated_url, sandbox=sandbox, knowledge=knowledge(manual(sandbox))) as stage,
    ):
        await stage.hear(said("sources what about zebras"))

        assert "no source to answer from" in shown(stage)
        assert stage.times_asked == 0


async def test_nobody_finds_what_belongs_to_another_workspace(migrated_url: str) -> None:
    async with serve(plan="max") as sandbox:
        section = knowledge(manual(sandbox), place={"filter": BOUNDARY})
        async with staged(migrated_url, sandbox=sandbox, knowledge=section) as stage:
            for who, place in ((ANA, ACME), (BEN, UMBRELLA)):
                await stage.hear(
                    said("search refunds days", by=who, at=place),
                    said("sources refunds days", by=who, at=place),
                )

            assert "Umbrella" not in shown(stage, ACME)
            assert "Acme take" in shown(stage, ACME)
            assert "Acme" not in shown(stage, UMBRELLA)
            assert "Umbrella take" in shown(stage, UMBRELLA)
            assert [body["filter"] for body in asked(sandbox)] == [
                f'metadata.workspace = "{place.workspace}"' for place in (ACME, ACME, UMBRELLA, UMBRELLA)
            ]
            assert "Umbrella" not in str(stage.asked[0])


async def test_a_channel_can_narrow_a_boundary_and_never_lift_it(migrated_url: str) -> None:
    async with serve(plan="max") as sandbox:
        collection = manual(sandbox)
        wide = {"collections": [collection], "filter": BOUNDARY}
        narrow = {"collections": [collection], "channel": ACME.channel, "reranker": "none", "top": 3}
        async with staged(migrated_url, sandbox=sandbox, knowledge={"places": [wide, narrow]}) as stage:
            await stage.hear(said("search refunds days", at=ACME))
        narrow["filter"] = 'tags has "public"'
        async with staged(migrated_url, sandbox=sandbox, knowledge={"places": [wide, narrow]}) as stage:
            await stage.hear(said("search refunds days", at=ACME))

        first, second = asked(sandbox)
        assert (first["filter"], first["top"]) == ('metadata.workspace = "ACME"', 3)
        assert sorted(second["filter"]) == ['metadata.workspace = "ACME"', 'tags has "public"']


async def test_who_asks_where_the_boundary_has_no_value_finds_nothing(migrated_url: str) -> None:
    async with serve(plan="max") as sandbox:
        section = knowledge(manual(sandbox), place={"filter": BOUNDARY})
        async with staged(migrated_url, sandbox=sandbox, knowledge=section) as stage:
            await stage.hear(said("search refunds", at=replace(ACME, workspace="")))

            assert "no documents that I may search for you here" in shown(stage, ACME)
            assert asked(sandbox) == []


async def test_a_filter_that_the_service_did_not_hear_shows_nothing_of_others(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve(plan="max", shapes=Shapes(unknown_search_keys="ignored")) as sandbox:
        section = knowledge(manual(sandbox), place={"filter": BOUNDARY})
        monkeypatch.setattr("sandbox.knowledge.searches.filter_of", lambda _filter, _now: lambda _facts: True)
        async with staged(migrated_url, sandbox=sandbox, knowledge=section) as stage:
            with capture_logs() as logs:
                await stage.hear(said("search refunds days", at=ACME))

            assert "Acme take" in shown(stage, ACME)
            assert "Umbrella" not in shown(stage, ACME)
            assert [log["left_out"] for log in logs if log["event"] == "knowledge.filter_not_heard"] == [1]


async def test_what_is_searched_elsewhere_is_not_searched_here(migrated_url: str) -> None:
    async with serve(plan="max") as sandbox:
        section = knowledge(manual(sandbox), place={"workspace": "UMBRELLA"})
        async with staged(migrated_url, sandbox=sandbox, knowledge=section) as stage:
            await stage.hear(said("search refunds", at=ACME))

            assert "no documents that I may search" in shown(stage, ACME)


async def test_one_person_s_searches_of_a_day_are_theirs(migrated_url: str) -> None:
    async with serve(plan="max") as sandbox:
        section = knowledge(manual(sandbox), daily_searches=1)
        async with staged(migrated_url, sandbox=sandbox, knowledge=section) as stage:
            await stage.hear(
                said("search refunds"), said("search refunds"), said("search refunds", by=BEN, at=ACME)
            )

            assert "1 times a day" in shown(stage)
            assert "Refunds" in shown(stage, ACME)
            assert len(asked(sandbox)) == 2


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (402, "too little credit"),
        (429, "a limit is reached"),
        (503, "doesn't respond"),
        (401, "not set up correctly"),
    ],
)
async def test_what_aivax_refuses_is_said_in_a_sentence(migrated_url: str, status: int, told: str) -> None:
    async with (
        serve(plan="max") as sandbox,
        staged(migrated_url, sandbox=sandbox, knowledge=knowledge(manual(sandbox))) as stage,
    ):
        sandbox.state.faults.add(Fault("knowledge", "status", status=status, times=9))
        await stage.hear(said("search refunds"))

        assert told in shown(stage)


async def test_the_rate_of_the_plan_is_told_with_its_wait(migrated_url: str) -> None:
    async with (
        serve(plan="free") as sandbox,
        staged(migrated_url, sandbox=sandbox, knowledge=knowledge(manual(sandbox))) as stage,
    ):
        await stage.hear(*(said("search refunds") for _ in range(21)))

        assert stage.platform.visible(DIRECT.channel)[-1].startswith(
            "The AI service takes no more of that for now"
        )


@pytest.mark.parametrize("point", ["hit_collection", "refusal"])
async def test_whatever_form_the_service_answers_in_people_see_the_same(
    migrated_url: str, point: str
) -> None:
    seen = set()
    for choice in CHOICES[point]:
        shapes = Shapes(**{point: choice})  # type: ignore[arg-type]  # its words
        async with (
            serve(plan="max", shapes=shapes) as sandbox,
            staged(migrated_url, sandbox=sandbox, knowledge=knowledge(manual(sandbox))) as stage,
        ):
            await stage.hear(said("search refunds"))
            seen.add(stage.platform.visible(DIRECT.channel)[-1])

    assert len(seen) == 1


async def test_another_server_s_collections_are_refused_before_the_start(migrated_url: str) -> None:
    elsewhere = {"base_url": "http://localhost:1/v1", "api_key": "other", "model": "m"}
    with pytest.raises(SettingRefused, match=r"\[\[knowledge.places\]\].*only AIVAX"):
        async with staged(migrated_url, aivax=elsewhere, knowledge=knowledge("c1")):
            pass


async def test_without_places_search_is_a_question(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("search refunds"))

        assert stage.times_asked == 1


async def test_a_public_key_is_enough(migrated_url: str) -> None:
    public = {"api_key": PUBLIC_KEY, "model": GATEWAY_UUID}
    async with (
        serve(plan="max") as sandbox,
        staged(migrated_url, sandbox=sandbox, aivax=public, knowledge=knowledge(manual(sandbox))) as stage,
    ):
        await stage.hear(said("search refunds"), said("sources refunds three days cite 1"))

        searched, answered = stage.platform.visible(DIRECT.channel)
        assert searched.startswith("**1.** [Refunds](https://acme.example/r)")
        assert "**Sources**\n[1] [Refunds](https://acme.example/r)" in answered


async def test_what_fails_before_its_answer_is_answered_with_its_sources_later(migrated_url: str) -> None:
    clock = WallClock()
    async with (
        serve(plan="max") as sandbox,
        staged(migrated_url, sandbox=sandbox, now=clock, knowledge=knowledge(manual(sandbox))) as stage,
    ):
        sandbox.state.faults.add(Fault("completions", "status", status=402))
        await stage.hear(said("sources refunds three days cite 1"))
        before = await stage.states()
        clock.advance(minutes=30)
        await stage.heal()

        assert before == ["parked"]
        assert await stage.states() == ["answered"]
        assert "**Sources**\n[1] [Refunds](https://acme.example/r)" in shown(stage)
        assert len(asked(sandbox)) == 2

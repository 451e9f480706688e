"""What the operator asks of AIVAX with each call: judged before the start, sent as it was chosen, for each place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bots.frontends import installed
from bots.setting_rules.reading import SettingsRefused
from bots.settings import load
from core.aivax.options import RequestOptions
from core.aivax.request import Dialect, build_body
from core.conversations.routes import Routes
from core.domain import Author, Identity, Place, RequestRefused, SettingRefused
from core.settings import AivaxSettings, Route
from core.util.time_zones import is_time_zone
from tests.samples import ANA, BEN, CHANNEL, said
from tests.scripted_aivax import QUESTION, UUID, Scripted, answer_of, client, refusal, reply, settings
from tests.scripted_aivax import said as answering
from tests.stage import staged

EVERYTHING = RequestOptions(
    builtin_tools=("DateTime", "WebSearch"),
    time_zones=("Europe/Lisbon",),
    routing_preset="Cheapest",
    routing_providers=("one", "two"),
    allow_logging=False,
)
IN_TOKYO = Author(Identity("fake", "W1", "ana"), "Ana", time_zone="Asia/Tokyo")
CLOCK = {"builtin_tools": ("DateTime",), "time_zone": "Europe/Lisbon"}


def refused(routes: Sequence[Route] = (), **changes: Any) -> SettingRefused:
    with pytest.raises(SettingRefused) as caught:
        client(Scripted(), **changes).account.check_settings(routes=routes)
    return caught.value


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("Calendar", "removed this tool on 9 October 2026"),
        ("AdvancedWebUsage", "switched this tool off"),
        ("web_search", "write WebSearch"),
        ("Telepathy", "known: DateTime, WebSearch"),
    ],
)
def test_a_tool_that_there_is_not_is_refused_by_name_before_the_start(name: str, fix: str) -> None:
    of_all = refused(builtin_tools=("DateTime", name))
    of_one = refused([Route(platform="slack"), Route(platform="slack", builtin_tools=(name,))])

    assert (of_all.setting, of_all.value) == ("[aivax] builtin_tools", name)
    assert (of_one.setting, of_one.value) == ("[[routes]] entry 2, builtin_tools", name)
    assert fix in of_all.fix
    assert fix in of_one.fix


@pytest.mark.parametrize(
    "choice",
    [
        {"builtin_tools": ("Code",)},
        {"time_zone": "Europe/Lisbon"},
        {"routing_preset": "Fastest"},
        {"routing_providers": ("one",)},
        {"allow_logging": False},
    ],
)
def test_what_would_not_be_heard_is_refused_instead_of_being_left_out(choice: dict[str, Any]) -> None:
    (name,) = choice
    public = refused(api_key="pk-aiv-abcdefgh", model=UUID, **choice)
    foreign = refused(api_key="x", base_url="http://localhost:1/v1", **choice)
    of_route = refused([Route(platform="slack", **choice)], api_key="x", base_url="http://localhost:1/v1")

    assert (public.setting, foreign.setting) == (f"[aivax] {name}", f"[aivax] {name}")
    assert of_route.setting == f"[[routes]] entry 1, {name}"
    assert "private key" in public.fix
    assert "only AIVAX knows this" in foreign.fix
    assert public.value


@pytest.mark.parametrize(
    ("line", "setting", "fix"),
    [
        ('time_zone = "Mars/Olympus"', "[aivax] time_zone", "IANA name"),
        ('time_zone = "localtime"', "[aivax] time_zone", "IANA name"),
        ('routing_preset = "Best"', "[aivax] routing_preset", "'Cheapest'"),
        ('routing_providers = [" "]', "[aivax] routing_providers, entry 1", "may not be empty"),
        ('allow_logging = "maybe"', "[aivax] allow_logging", "true or false"),
    ],
)
def test_a_value_that_can_t_be_sent_is_refused_with_its_fix(
    tmp_path: Path, line: str, setting: str, fix: str
) -> None:
    (tmp_path / "config.toml").write_text(f'[aivax]\n{line}\n[[routes]]\nplatform = "slack"\n{line}\n')

    with pytest.raises(SettingsRefused) as caught:
        load(installed(), path=tmp_path / "config.toml", environment={})

    of_all, of_one = sorted(caught.value.problems, key=lambda problem: problem.setting)[::-1]
    assert {of_all.setting, of_one.setting} == {setting, setting.replace("[aivax]", "[[routes]] entry 1,")}
    assert fix in of_all.fix
    assert fix in of_one.fix


def test_nothing_is_sent_of_what_is_not_chosen() -> None:
    assert RequestOptions().wire() == {}
    assert build_body(QUESTION, settings(), Dialect.AIVAX).keys() == {
        *("model", "messages", "stream", "user", "idempotency_key", "metadata")
    }


def test_what_is_chosen_is_sent_to_aivax_alone() -> None:
    question = replace(QUESTION, options=EVERYTHING)

    body = build_body(question, settings(), Dialect.AIVAX)
    assert body["builtin_tools"] == {
        "tools": ["DateTime", "WebSearch"],
        "options": {"dateTimeTimeZone": "Europe/Lisbon"},
    }
    assert body["routing_options"] == {"preset": "Cheapest", "allowed_providers": ["one", "two"]}
    assert body["allow_logging"] is False
    for dialect in (Dialect.PUBLIC, Dialect.PLAIN, Dialect.BARE):
        sent = build_body(question, settings(), dialect).keys()
        assert not sent & {"builtin_tools", "routing_options", "allow_logging"}


def test_a_zone_is_nobodys_concern_without_the_tool_that_tells_the_time() -> None:
    options = replace(EVERYTHING, builtin_tools=("WebSearch",)).at_home("Asia/Tokyo")

    assert options.wire()["builtin_tools"] == {"tools": ["WebSearch"], "options": {}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Europe/Lisbon", True),
        ("America/Argentina/Buenos_Aires", True),
        ("UTC", True),
        ("", False),
        ("America", False),
        ("../../etc/passwd", False),
        ("/etc/localtime", False),
        ("Factory", False),
        ("europe lisbon", False),
        ("A" * 500, False),
    ],
)
def test_a_time_zone_is_known_by_its_name(name: str, *, expected: bool) -> None:
    assert is_time_zone(name) is expected
    assert RequestOptions(("DateTime",)).at_home(name).time_zone == (name if expected else "")


def test_the_most_particular_route_that_chooses_something_decides() -> None:
    routes = Routes(
        [
            Route(platform="fake", builtin_tools=("Code",), allow_logging=False, time_zone="Asia/Tokyo"),
            Route(platform="fake", workspace="W1", builtin_tools=("DateTime",), routing_providers=()),
            Route(platform="fake", workspace="W1", channel="general", allow_logging=True),
        ],
        AivaxSettings(routing_preset="Quality", routing_providers=("one",)),
        instructions="",
    )

    here, there = routes.options_of(CHANNEL), routes.options_of(Place("fake", "W2", "general"))
    assert here == RequestOptions(("DateTime",), ("Asia/Tokyo",), "Quality", (), allow_logging=True)
    assert there == RequestOptions(("Code",), ("Asia/Tokyo",), "Quality", ("one",), allow_logging=False)
    assert routes.options_of(Place("other", "", "x")) == RequestOptions(
        routing_preset="Quality", routing_providers=("one",)
    )


async def test_each_person_is_told_the_time_of_where_they_are(migrated_url: str) -> None:
    route = {"platform": "fake", "channel": "general", "allow_logging": False, "routing_preset": "Fastest"}
    async with staged(migrated_url, aivax=CLOCK, routes=[route]) as stage:  # type: ignore[arg-type]
        await stage.hear(said("tools", by=IN_TOKYO, at=CHANNEL))
        await stage.hear(said("tools", by=BEN, at=Place("fake", "W1", "D-ben", private=True)))
        await stage.hear(said("tools", by=ANA, at=CHANNEL))  # this time her platform does not tell
        of_ana, of_ben, again = stage.asked

    zones = [body["builtin_tools"]["options"]["dateTimeTimeZone"] for body in (of_ana, of_ben, again)]
    assert zones == ["Asia/Tokyo", "Europe/Lisbon", "Asia/Tokyo"]
    assert (of_ana["allow_logging"], of_ana["routing_options"]) == (False, {"preset": "Fastest"})
    assert not of_ben.keys() & {"allow_logging", "routing_options"}


async def test_a_person_s_zone_that_aivax_does_not_know_costs_the_clock_and_not_the_answer() -> None:
    no = "Option 'dateTimeTimeZone' is invalid"
    server = Scripted(refusal(400, "invalid_request_error", no), reply(*answering("hi")))
    question = replace(QUESTION, options=EVERYTHING.at_home("Asia/Tokyo"))

    await answer_of(client(server), question)

    zones = [body["builtin_tools"]["options"]["dateTimeTimeZone"] for body in server.bodies]
    assert zones == ["Asia/Tokyo", "Europe/Lisbon"]
    assert all(body["allow_logging"] is False for body in server.bodies)


async def test_where_no_zone_is_taken_the_question_is_asked_without_one_and_then_no_more() -> None:
    no = refusal(400, message="unknown time zone"), refusal(422, message="Invalid timezone")
    server = Scripted(*no, refusal(400, message="time zone again"))

    with pytest.raises(RequestRefused):
        await answer_of(client(server), replace(QUESTION, options=EVERYTHING.at_home("Asia/Tokyo")))

    assert [body["builtin_tools"]["options"] for body in server.bodies] == [
        {"dateTimeTimeZone": "Asia/Tokyo"},
        {"dateTimeTimeZone": "Europe/Lisbon"},
        {},
    ]


@pytest.mark.parametrize("named", ["allow_logging", "routing_options", "builtin_tools"])
async def test_what_the_operator_wants_is_never_left_out_in_silence(named: str) -> None:
    server = Scripted(refusal(400, "unsupported_parameter", f"{named}: not supported"))

    with pytest.raises(RequestRefused):
        await answer_of(client(server), replace(QUESTION, options=EVERYTHING))

    assert len(server.bodies) == 1

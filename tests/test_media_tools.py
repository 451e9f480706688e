"""AIVAX' own tools: what they are told, how often one person may have them, and what becomes of what they make."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bots.frontends import installed
from bots.setting_rules.reading import SettingsRefused
from bots.settings import load
from core.aivax.media.tools import tool_of
from core.aivax.options import RequestOptions
from core.conversations.routes import Routes
from core.domain import Place, SettingRefused
from core.media import tool_caps
from core.settings import AivaxSettings, LimitsSettings, Route
from core.storage.uses import UseStore
from core.util.clock import utc_now
from sandbox.files import PDF, PNG
from sandbox.server import serve
from sandbox.shapes import Shapes
from tests.samples import ANA, BEN, CHANNEL, said
from tests.stage import Stage, staged
from tests.test_aivax_options import refused

SEARCHING = {"builtin_tools": ("WebSearch", "Code")}
MAKING = {"builtin_tools": ("ImageGeneration", "GenerateDocument", "GenerateWebPage")}
OF_BEN = Place("fake", "W1", "D-ben", private=True)
OF_ANA = Place("fake", "W1", "D-ana", private=True)


def tools_asked(stage: Stage) -> list[list[str]]:
    return [body["builtin_tools"]["tools"] for body in stage.asked]


@pytest.mark.parametrize(
    ("options", "name", "fix"),
    [
        ({"web_search_mode": "some"}, "web_search_mode", "full, summarized"),
        ({"web_search_max_results": 26}, "web_search_max_results", "from 1 to 25"),
        ({"web_search_max_results": True}, "web_search_max_results", "from 1 to 25"),
        ({"image_generation_max_results": 0}, "image_generation_max_results", "from 1 to 4"),
        ({"image_generation_allow_mature_content": "no"}, "image_generation_allow_mature_content", "true or"),
        ({"image_generation_model_name": "CyberRealistic-XL"}, "image_generation_model_name", "removed this"),
        ({"image_generation_quality": 3}, "image_generation_quality", "write a text"),
    ],
)
def test_an_option_that_aivax_would_refuse_is_refused_by_name_before_the_start(
    options: dict[str, Any], name: str, fix: str
) -> None:
    tools = ("WebSearch", "ImageGeneration")
    of_all = refused(builtin_tools=tools, builtin_tool_options=options)
    of_one = refused([Route(platform="x", builtin_tools=tools, builtin_tool_options=options)])

    assert of_all.setting == f"[aivax] builtin_tool_options {name}"
    assert of_one.setting == f"[[routes]] entry 1, builtin_tool_options {name}"
    assert fix in of_all.fix
    assert of_all.value


def test_an_option_that_nothing_would_hear_is_refused() -> None:
    unknown = refused(**SEARCHING, builtin_tool_options={"webSearchMode": "full"})
    zone = refused(**SEARCHING, builtin_tool_options={"dateTimeTimeZone": "UTC"})
    no_tool = refused(builtin_tools=("Code",), builtin_tool_options={"web_search_mode": "full"})

    assert (unknown.value, unknown.fix) == ("webSearchMode", "write web_search_mode")
    assert "set time_zone" in zone.fix
    assert "WebSearch" in no_tool.fix


async def test_options_and_reasons_are_asked_for_where_the_place_has_them(migrated_url: str) -> None:
    aivax = {**SEARCHING, "builtin_tool_options": {"web_search_mode": "summarized"}}
    route = {
        "platform": "fake",
        "channel": "general",
        "builtin_tool_options": {"web_search_max_results": 3},
        "tool_explanations": True,
    }
    async with staged(migrated_url, aivax=aivax, routes=[route]) as stage:  # type: ignore[arg-type]
        await stage.hear(said("tools", by=ANA, at=CHANNEL))
        await stage.hear(said("tools", by=ANA, at=OF_ANA))
        here, there = stage.asked
        reasons = await stage.rows("SELECT explanation FROM tool_activity ORDER BY id")

    assert here["builtin_tools"]["options"] == {"web_search_max_results": 3}
    assert there["builtin_tools"]["options"] == {"web_search_mode": "summarized"}
    assert here["tool_invocation_explanations"] is True
    assert "tool_invocation_explanations" not in there
    assert reasons == ["The message asks for tools."] * 2 + [""] * 2


def test_a_route_with_other_tools_has_no_options_of_those_that_it_lacks() -> None:
    aivax = AivaxSettings(**SEARCHING, builtin_tool_options={"web_search_mode": "full"})
    routes = Routes([Route(platform="fake", builtin_tools=("Code",))], aivax, instructions="")

    assert routes.options_of(CHANNEL).wire() == {"builtin_tools": {"tools": ["Code"], "options": {}}}


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("web_search", "WebSearch"),
        ("WebSearch", "WebSearch"),
        ("generate_image", "ImageGeneration"),
        ("get_date_time", "DateTime"),
        ("evaluate_code", "Code"),
        ("x_posts_search", "XPostsSearch"),
        ("memory_save", "Remember"),
        ("collection_search", ""),
        ("", ""),
    ],
)
def test_a_tool_is_known_by_its_names(name: str, tool: str) -> None:
    assert tool_of(name) == tool


def test_a_cap_that_could_not_be_kept_is_refused_before_the_start() -> None:
    limits = LimitsSettings(person_daily_tools={"web_search": 2})
    route = Route(platform="fake", builtin_tools=("WebSearch",))
    with pytest.raises(SettingRefused) as not_named:
        tool_caps.check(limits, AivaxSettings(builtin_tools=("Code",)), [])
    with pytest.raises(SettingRefused) as no_tool:
        tool_caps.check(LimitsSettings(person_daily_tools={"telepathy": 2}), AivaxSettings(), [])
    tool_caps.check(limits, AivaxSettings(), [route])

    assert not_named.value.setting == "[limits] person_daily_tools"
    assert "put WebSearch into [aivax] builtin_tools" in not_named.value.fix
    assert no_tool.value.value == "telepathy"


async def test_one_person_s_tools_are_nobody_else_s(migrated_url: str) -> None:
    limits = {"person_daily_tools": {"web_search": 2}}
    async with staged(migrated_url, aivax=SEARCHING, limits=limits) as stage:
        for _ in range(4):
            await stage.hear(said("tools please", by=ANA, at=OF_ANA))
        await stage.hear(said("tools please", by=BEN, at=OF_BEN))
        answers = stage.platform.visible("D-ana")

        assert tools_asked(stage) == [
            *[["WebSearch", "Code"]] * 2,
            *[["Code"]] * 2,
            ["WebSearch", "Code"],
        ]
    told = [answer for answer in answers if "web search as often as one person may in 24 hours (2)" in answer]
    assert len(told) == 1
    assert told == [answers[2]]


async def test_where_all_tools_are_had_none_is_asked_for_instead_of_the_gateway_s(migrated_url: str) -> None:
    limits = {"person_daily_tools": {"WebSearch": 1, "Code": 1}}
    async with staged(migrated_url, aivax=SEARCHING, limits=limits) as stage:
        await stage.hear(said("tools", by=ANA, at=OF_ANA))
        await stage.hear(said("tools", by=ANA, at=OF_ANA))
        answer = stage.platform.visible("D-ana")[-1]

        assert stage.asked[-1]["builtin_tools"] == {"tools": [], "options": {}}
    assert "There are no tools that I may use." in answer
    assert "web search" in answer
    assert "code" in answer


async def test_forgetting_gives_nobody_new_tools_and_a_day_does(migrated_url: str) -> None:
    at = utc_now()
    limits = {"person_daily_tools": {"web_search": 1}}
    async with staged(migrated_url, aivax=SEARCHING, limits=limits, now=lambda: at) as stage:
        await stage.hear(said("tools", by=ANA, at=OF_ANA))
        await stage.change("DELETE FROM tool_activity")
        await stage.hear(said("tools", by=ANA, at=OF_ANA))
        at += timedelta(hours=25)
        await stage.hear(said("tools", by=ANA, at=OF_ANA))

        assert tools_asked(stage) == [["WebSearch", "Code"], ["Code"], ["WebSearch", "Code"]]
        assert await stage.rows("SELECT what FROM uses ORDER BY id") == ["WebSearch"]


async def test_nothing_is_counted_where_nothing_is_capped(migrated_url: str) -> None:
    async with staged(migrated_url, aivax=SEARCHING) as stage:
        await stage.hear(said("tools", by=ANA, at=OF_ANA))

        assert await stage.rows("SELECT count(*) FROM uses") == [0]


def test_what_was_not_asked_for_can_t_be_withheld() -> None:
    options = RequestOptions(("WebSearch",), tool_options=(("web_search_mode", "full"),))

    assert options.without_tools(["Code"]).wire() == options.wire()
    assert options.without_tools(["WebSearch"]).wire() == {"builtin_tools": {"tools": [], "options": {}}}


@pytest.mark.parametrize("shape", ["text", "markdown", "result", "list"])
async def test_what_tools_make_is_posted_however_its_link_comes(migrated_url: str, shape: Any) -> None:
    wish = "make a picture and make a document and make a page"
    async with serve(plan="max", shapes=Shapes(made_link=shape)) as sandbox:
        async with staged(migrated_url, sandbox=sandbox, aivax=MAKING) as stage:
            await stage.hear(said(wish, by=ANA, at=OF_ANA))
            shown = "\n".join(stage.platform.visible("D-ana"))
            fetched = [call for call in sandbox.state.calls.described() if "/files/" in call["path"]]

        base = f"{sandbox.base_url}/files"
    assert f"<picture-1.png: {len(PNG)} bytes>" in shown
    assert f"<file-2.pdf: {len(PDF)} bytes>" in shown
    assert f"{base}/document-2.pdf" in shown
    assert f"{base}/page-3.html" in shown
    assert (f"{base}/picture-1.png" in shown) is (shape in ("text", "markdown"))
    assert shown.count("page-3.html") == 1
    assert all(call.get("key") is None for call in fetched)


async def test_a_file_that_is_gone_stays_a_link(migrated_url: str) -> None:
    async with staged(migrated_url, limits={"answer_file_bytes": 10}, aivax=MAKING) as stage:
        stage.sandbox.state.shapes = Shapes(made_link="result")
        await stage.hear(said("make a picture", by=ANA, at=OF_ANA))
        shown = "\n".join(stage.platform.visible("D-ana"))

    assert "/files/picture-1.png" in shown
    assert "bytes>" not in shown


def test_options_and_caps_are_read_from_the_environment_and_bad_ones_named() -> None:
    good = {
        "AIVAX_BOTS__AIVAX__BUILTIN_TOOL_OPTIONS": '{"web_search_max_results": 3}',
        "AIVAX_BOTS__LIMITS__PERSON_DAILY_TOOLS": '{"web_search": 20}',
    }
    read = load(installed(), path=None, environment=good)
    with pytest.raises(SettingsRefused) as refused:
        load(
            installed(), path=None, environment={**good, "AIVAX_BOTS__LIMITS__PERSON_DAILY_TOOLS": '{"a": 0}'}
        )

    assert read.aivax.builtin_tool_options == {"web_search_max_results": 3}
    assert read.limits.person_daily_tools == {"web_search": 20}
    assert "person_daily_tools" in str(refused.value)


async def test_what_is_taken_at_the_same_time_is_taken_one_after_the_other(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("hello", by=ANA, at=OF_ANA), said("hello", by=BEN, at=OF_BEN))
        ana, ben = await stage.rows("SELECT key FROM persons ORDER BY id")
        store = UseStore(stage.core.database, utc_now)
        taken = await asyncio.gather(*(store.take(ana, "transcribe", 2) for _ in range(6)))

        assert sum(taken) == 2
        assert await store.take(ben, "transcribe", 2)
        assert await store.used(ana) == {"transcribe": 2}
        assert not await store.take("nobody", "transcribe", 2)

"""What people draw, have spoken and say aloud: through the whole core, with the sandbox behind."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import Attachment, Blob, Place, Quote
from core.media.draw import read_wish
from core.media.speak import beginning, spoken_form
from sandbox.faults import Fault
from sandbox.files import MP3, OGG, PNG
from sandbox.media import HEARING_USD, IMAGE_USD
from sandbox.shapes import CHOICES, Shapes
from tests.samples import ANA, BEN, CHANNEL, DIRECT, said
from tests.stage import FakePlatform, Stage, staged

DRAWING = {"draw": True, "image_model": "flux-schnell", "images": 2, "draw_daily": 0}
SPEAKING = {"speak": True, "speech_model": "Gpt4oTts", "speak_daily": 0}
HEARING = {"transcribe": "always", "transcribe_model": "whisper-sandbox", "transcribe_language": "pt"}
NOTE = Attachment("note", "note.ogg", "audio/ogg", len(OGG))
PICTURE = Attachment("cat", "cat.png", "image/png", len(PNG))
WORDS = f"spoken words of {len(OGG)} bytes in pt"
OF_BEN = Place("fake", "W1", "D-ben", private=True)


def with_files() -> FakePlatform:
    platform = FakePlatform()
    platform.files = {"note": Blob(OGG, "audio/ogg"), "cat": Blob(PNG, "image/png")}
    return platform


def paths(stage: Stage) -> list[str]:
    return [path for path in stage.sandbox.state.calls.paths() if "/generations/" in path]


def prompt(stage: Stage, number: int = -1) -> str:
    return json.dumps(stage.asked[number]["messages"], ensure_ascii=False)


@pytest.mark.parametrize(
    ("words", "count", "wish"),
    [
        ("2x a lighthouse", 2, "a lighthouse"),
        ("3 × boats", 3, "boats"),
        ("3 cats", 1, "3 cats"),
        ("0x a cat", 1, "a cat"),
        ("2xylophones", 1, "2xylophones"),
        ("  a cat ", 1, "a cat"),
        ("", 1, ""),
        ("4x", 1, "4x"),
    ],
)
def test_a_wish_says_how_many(words: str, count: int, wish: str) -> None:
    assert read_wish(words) == (count, wish)


@given(st.text())
def test_no_wish_is_lost(words: str) -> None:
    count, wish = read_wish(words)

    assert 1 <= count <= 99
    assert count > 1 or wish or not words.strip() or not words.isprintable() or words.strip()[:1].isdigit()


async def test_pictures_are_drawn_fetched_and_counted(migrated_url: str) -> None:
    async with staged(migrated_url, media=DRAWING) as stage:
        await stage.hear(said("draw 3x a [cat] at @everyone"))
        shown = stage.platform.visible("D-ana")

        assert shown[1] == " + ".join(
            f"<picture-{n}.png: {len(PNG)} bytes, a cat at @everyone>" for n in (1, 2)
        )
        assert "up to 2 pictures" in shown[0]
        assert stage.times_asked == 0
        assert await stage.rows("SELECT other_usd FROM usage") == [pytest.approx(2 * IMAGE_USD)]
        assert await stage.states() == ["answered"]


async def test_a_picture_that_can_t_be_fetched_is_told_by_its_link(migrated_url: str) -> None:
    async with staged(migrated_url, media=DRAWING) as stage:
        await stage.hear(said("draw gone"))

        (shown,) = stage.platform.visible("D-ana")
        assert "/files/gone-0-0.png" in shown


@pytest.mark.parametrize(
    ("words", "told"), [("draw", "`draw 2x a lighthouse"), (f"draw {'a' * 50}", "up to 20 characters")]
)
async def test_a_wish_that_can_t_be_drawn_is_explained_and_costs_nothing(
    migrated_url: str, words: str, told: str
) -> None:
    async with staged(migrated_url, media={**DRAWING, "image_chars": 20}) as stage:
        await stage.hear(said(words))

        assert told in stage.platform.visible("D-ana")[0]
        assert paths(stage) == []


async def test_what_aivax_says_no_to_is_told_in_a_sentence(migrated_url: str) -> None:
    async with staged(migrated_url, media={**DRAWING, **SPEAKING}) as stage:
        stage.sandbox.state.account.set_balance(0.05)
        await stage.hear(said("draw a cat"))
        stage.sandbox.state.account.set_balance(5.0)
        stage.sandbox.state.faults.add(Fault("media", "status", status=429, retry_after=90))
        await stage.hear(said("speak up", by=BEN, at=OF_BEN))
        await stage.hear(said("draw a cat"))

        poor, *drawn = stage.platform.visible("D-ana")
        (limited,) = stage.platform.visible("D-ben")
    assert "too little credit" in poor
    assert "a limit is reached" in limited
    assert f"<picture-1.png: {len(PNG)} bytes, a cat>" in drawn


async def test_a_day_s_pictures_are_each_person_s_own(migrated_url: str) -> None:
    async with staged(migrated_url, media={**DRAWING, "draw_daily": 2}) as stage:
        await stage.hear(*(said(f"draw cat {number}") for number in range(4)))
        await stage.hear(said("draw a dog", by=BEN, at=OF_BEN))

        assert len(paths(stage)) == 3
        assert any("2 times a day" in each for each in stage.platform.visible("D-ana"))
        assert any("<picture-1.png" in each for each in stage.platform.visible("D-ben"))


async def test_the_last_answer_or_ones_words_are_spoken(migrated_url: str) -> None:
    async with staged(migrated_url, media={**SPEAKING, "speech_chars": 40, "voice": "nova"}) as stage:
        await stage.hear(said("speak"))
        await stage.hear(said("hello"), said("speak"), said("speak **good** morning"))
        nothing, _answer, *spoken = stage.platform.visible("D-ana")
        calls = stage.sandbox.state.calls.described()
        first, second = (call["body"] for call in calls if call["path"].endswith("/speech"))

    assert "no answer of mine" in nothing
    assert first["voice"] == "nova"
    assert first["input"].startswith("Hello! This is the AIVAX sandbox")
    assert len(first["input"]) <= 40
    assert second["input"] == "good morning"
    assert spoken[1] == spoken[3] == f"<speech.mp3: {len(MP3)} bytes>"
    assert "only the beginning" in spoken[0]
    assert "only the beginning" not in spoken[2]


@pytest.mark.parametrize(
    ("text", "said_aloud"),
    [
        ("# Title\n\n**Bold** and *soft*, `code`.", "Title\nBold and soft, code."),
        ("See [the page](https://a.example/x).", "See the page."),
        ("Before\n```python\nprint(1)\n```\nafter", "Before\nafter"),
        ("https://a.example/x", ""),
        ("- one\n- two\n\n> three", "one\ntwo\nthree"),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |", "a b\n1 2"),
        ("2 * 3 is snake_case", "2 3 is snake_case"),
    ],
)
def test_marks_and_code_are_not_said(text: str, said_aloud: str) -> None:
    assert spoken_form(text) == said_aloud


@given(st.text(), st.integers(1, 50))
def test_whatever_is_spoken_is_bounded_and_a_beginning(text: str, most: int) -> None:
    whole = spoken_form(text)
    cut = beginning(whole, most)

    assert len(cut) <= most
    assert whole.startswith(cut)


async def test_a_recording_reaches_the_model_in_words_with_its_speaker(migrated_url: str) -> None:
    async with staged(migrated_url, platform=with_files(), media=HEARING) as stage:
        await stage.hear(said("", attachments=(NOTE,)))
        await stage.hear(said("and now?"))

        assert f"[recording of Ana, written down: note.ogg]\\n{WORDS}" in prompt(stage, 0)
        assert "input_audio" not in prompt(stage, 0)
        assert "input_audio" not in prompt(stage, 1)
        assert len(paths(stage)) == 1
        first = "SELECT {} FROM usage ORDER BY turn_id LIMIT 1"
        assert await stage.rows(first.format("other_usd")) == [pytest.approx(HEARING_USD)]
        assert await stage.rows(first.format("credits > 0")) == [1]


async def test_a_recording_that_is_replied_to_is_heard_and_is_its_speaker_s(migrated_url: str) -> None:
    platform = with_files()
    platform.around = {"general": [Quote("m1", "Ben: Ana", "", (NOTE,), replied_to=True, author="ben")]}
    async with staged(migrated_url, platform=platform, media=HEARING) as stage:
        await stage.hear(said("what does he say?", at=CHANNEL))

        assert f"[recording of Ben Ana, written down: note.ogg]\\n    {WORDS}" in prompt(stage)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault("media", "status", status=402), "credit is too low to listen to"),
        (Fault("media", "status", status=429, retry_after=3_600), "takes no more recordings"),
        (Fault("media", "status", status=400, times=3), "couldn't make out what is in note.ogg"),
        (Fault("media", "html", status=502, times=5), "couldn't make out what is in note.ogg"),
        (Fault("media", "cut", times=5, after_chunks=0), "couldn't make out what is in note.ogg"),
    ],
)
async def test_a_recording_that_can_t_be_written_down_costs_no_question(
    migrated_url: str, fault: Fault, told: str
) -> None:
    aivax = {"retry_budget_s": 0.0}
    async with staged(migrated_url, platform=with_files(), media=HEARING, aivax=aivax) as stage:
        stage.sandbox.state.faults.add(fault)
        await stage.hear(said("what about this?", attachments=(NOTE,)))

        (shown,) = stage.platform.visible("D-ana")
        assert "what about this?" in shown
        assert told in shown
        assert "input_audio" not in prompt(stage)
        assert "[file: note.ogg]" in prompt(stage)


async def test_one_person_s_recordings_are_nobody_else_s(migrated_url: str) -> None:
    media = {**HEARING, "transcribe_daily": 1}
    async with staged(migrated_url, platform=with_files(), media=media) as stage:
        twice = (NOTE, replace(NOTE, ref="cat", name="other.ogg"), replace(NOTE, name="third.ogg"))
        await stage.hear(said("first", attachments=(NOTE,)), said("second", attachments=twice[2:]))
        await stage.hear(said("mine", by=BEN, at=OF_BEN, attachments=(NOTE,)))

        first, second = stage.platform.visible("D-ana")
        assert "as many recordings" not in first
        assert "as many recordings or pictures as one person may" in second
        assert WORDS in prompt(stage)
        assert len(paths(stage)) == 2


@pytest.mark.parametrize("shape", CHOICES["description"])
async def test_a_picture_reaches_a_model_that_can_t_see_in_words(migrated_url: str, shape: Any) -> None:
    media = {"describe": "pictures", "describe_guidance": "its colours"}
    async with staged(migrated_url, platform=with_files(), media=media) as stage:
        stage.sandbox.state.shapes = Shapes(description=shape)
        await stage.hear(said("what is it?", attachments=(PICTURE, NOTE)))

        calls = stage.sandbox.state.calls.described()
        (asked,) = (call["body"] for call in calls if call["path"].endswith("/descriptions"))
        assert asked["extractionGuidance"] == "its colours"
        assert "[description of the file: cat.png]\\nthe image number 1, in words" in prompt(stage)
        assert "image_url" not in prompt(stage)
        assert "input_audio" in prompt(stage)


async def test_nothing_is_put_into_words_unless_it_is_switched_on(migrated_url: str) -> None:
    async with staged(migrated_url, platform=with_files()) as stage:
        await stage.hear(said("draw a cat", by=ANA, at=DIRECT, attachments=(NOTE, PICTURE)))

        assert paths(stage) == []
        assert "input_audio" in prompt(stage)
        assert "image_url" in prompt(stage)
        assert "draw a cat" in prompt(stage)

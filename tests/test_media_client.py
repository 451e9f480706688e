"""Media of AIVAX: what is asked, and what is read of every shape that the answers may have."""

from __future__ import annotations

from typing import Any

import pytest

from core.aivax.request import FilePart, ImagePart, data_url
from core.domain import (
    AivaxError,
    NoBalance,
    NotAllowed,
    RateLimited,
    RequestRefused,
    SettingRefused,
    Unavailable,
)
from core.domain.checks import CheckState
from core.media.checks import MediaCheck
from core.media.settings import MediaSettings, check
from sandbox.faults import Fault
from sandbox.files import MP3, OGG
from sandbox.media import DESCRIPTION_USD, HEARING_USD, IMAGE_USD, SPEECH_USD
from sandbox.server import GATEWAY_UUID, PRIVATE_KEY, PUBLIC_KEY, serve
from sandbox.shapes import CHOICES, Shapes
from tests.samples import PNG
from tests.scripted_aivax import settings
from tests.test_aivax_against_sandbox import asking

EACH = {name: pytest.mark.parametrize("shape", choices) for name, choices in CHOICES.items()}
EVERYTHING = {
    "draw": True,
    "image_model": "flux-schnell",
    "speak": True,
    "speech_model": "Gpt4oTts",
    "transcribe": "always",
    "transcribe_model": "whisper-sandbox",
    "describe": "all",
}
SPEECH: dict[str, Any] = {"model": "Gpt4oTts", "voice": "", "kind": "mp3", "most_bytes": 100_000}
HEARING: dict[str, Any] = {"model": "whisper-sandbox", "language": "pt"}


@EACH["image_links"]
async def test_pictures_are_found_however_they_are_listed(shape: Any) -> None:
    async with serve(shapes=Shapes(image_links=shape)) as sandbox, asking(sandbox) as aivax:
        made = await aivax.media.pictures("a cat", model="flux-schnell", count=2)

        assert made.links == (
            f"{sandbox.base_url}/files/made-0-0.png",
            f"{sandbox.base_url}/files/made-0-1.png",
        )
        assert made.spent_usd == pytest.approx(2 * IMAGE_USD)


@EACH["speech"]
async def test_speech_is_read_as_bytes_or_in_base64(shape: Any) -> None:
    async with serve(shapes=Shapes(speech=shape)) as sandbox, asking(sandbox) as aivax:
        spoken = await aivax.media.speech("hello", **SPEECH)

        assert (spoken.data, spoken.media_type) == (MP3, "audio/mpeg")
        assert spoken.spent_usd == pytest.approx(SPEECH_USD)


async def test_speech_that_is_no_sound_or_too_much_of_one_is_no_speech() -> None:
    async with serve() as sandbox, asking(sandbox) as aivax:
        with pytest.raises(AivaxError):
            await aivax.media.speech("hello", **{**SPEECH, "most_bytes": -4_000})
        sandbox.state.faults.add(Fault("media", "html", status=502))
        with pytest.raises(Unavailable):
            await aivax.media.speech("hello", **SPEECH)


@EACH["audio_key"]
@pytest.mark.parametrize("words", CHOICES["transcript"])
async def test_a_recording_is_written_down_whatever_its_key_and_its_words_are_called(
    shape: Any, words: Any
) -> None:
    async with serve(shapes=Shapes(audio_key=shape, transcript=words)) as sandbox, asking(sandbox) as aivax:
        first = await aivax.media.transcribe(OGG, "ogg", **HEARING)
        again = await aivax.media.transcribe(OGG, "ogg", **HEARING)

        assert first == again
        assert first.text == f"spoken words of {len(OGG)} bytes in pt"
        assert first.spent_usd == pytest.approx(HEARING_USD)
        tries = CHOICES["audio_key"].index(shape) + 1
        assert len(sandbox.state.calls.paths()) == tries + 1


async def test_a_recording_that_can_t_be_measured_is_refused() -> None:
    async with serve() as sandbox, asking(sandbox) as aivax:
        with pytest.raises(RequestRefused):
            await aivax.media.transcribe(OGG + b"silence", "ogg", **HEARING)


@EACH["description"]
async def test_pictures_and_files_are_described(shape: Any) -> None:
    file = FilePart("a.pdf", data_url(b"%PDF-1.4", "application/pdf"))
    async with serve(shapes=Shapes(description=shape)) as sandbox, asking(sandbox) as aivax:
        of_picture = await aivax.media.describe(
            ImagePart(data_url(PNG, "image/png")), guidance="colours", preset="high"
        )
        of_file = await aivax.media.describe(file, guidance="", preset="auto")

        assert of_picture.text == "the image number 1, in words"
        assert of_file.text == "the file number 1, in words"
        assert of_file.spent_usd == pytest.approx(DESCRIPTION_USD)


async def test_money_limits_and_keys_are_told_by_their_errors() -> None:
    async with serve(balance=0.05) as sandbox, asking(sandbox) as aivax:
        with pytest.raises(NoBalance):
            await aivax.media.pictures("a cat", model="flux-schnell", count=1)
    async with serve(plan="free") as sandbox, asking(sandbox, retry_budget_s=0.0) as aivax:
        for _ in range(3):
            await aivax.media.speech("hello", **SPEECH)
        with pytest.raises(RateLimited) as limited:
            await aivax.media.speech("hello", **SPEECH)
        assert (limited.value.retry_after_s or 0) > 1
    async with serve() as sandbox, asking(sandbox, api_key=PUBLIC_KEY, model=GATEWAY_UUID) as aivax:
        assert (await aivax.media.pictures("a cat", model="flux-schnell", count=1)).links
        with pytest.raises(NotAllowed):
            await aivax.media.transcribe(OGG, "ogg", **HEARING)


async def test_a_model_that_was_removed_fails_there_and_never_gets_so_far_here() -> None:
    async with serve() as sandbox, asking(sandbox) as aivax:
        with pytest.raises(AivaxError):
            await aivax.media.pictures("a cat", model="Meina-Mix", count=1)
    with pytest.raises(SettingRefused) as refused:
        check(MediaSettings(draw=True, image_model="meina-mix v11"), settings())

    assert (refused.value.setting, refused.value.value) == ("[media] image_model", "meina-mix v11")


@pytest.mark.parametrize(
    ("media", "aivax", "setting", "fix"),
    [
        ({"draw": True}, {}, "[media] image_model", "image-models.json"),
        ({"speak": True}, {}, "[media] speech_model", "speech-models.json"),
        ({"transcribe": "always"}, {}, "[media] transcribe_model", "audio-transcription"),
        (EVERYTHING, {"base_url": "http://localhost:1/v1", "api_key": "x"}, "[media] draw", "only AIVAX"),
        ({"describe": "all"}, {"base_url": "http://localhost:1/v1", "api_key": "x"}, "[media] describe", "AIVAX"),
        (EVERYTHING, {"api_key": "pk-aiv-abcdefgh"}, "[media] transcribe", "private key"),
    ],
)  # fmt: skip
def test_what_could_not_be_done_is_refused_before_the_start(
    media: dict[str, Any], aivax: dict[str, Any], setting: str, fix: str
) -> None:
    with pytest.raises(SettingRefused) as refused:
        check(MediaSettings(**media), settings(**aivax))

    assert refused.value.setting == setting
    assert fix in refused.value.fix


def test_all_of_it_may_be_on_and_none_of_it_is() -> None:
    check(MediaSettings(**EVERYTHING), settings())
    check(MediaSettings(), settings(base_url="http://localhost:1/v1", api_key="x"))


@EACH["catalogue"]
async def test_doctor_finds_a_model_that_aivax_lacks(shape: Any) -> None:
    async with serve(shapes=Shapes(catalogue=shape)) as sandbox:
        aivax = settings(base_url=f"{sandbox.base_url}/v1", api_key=PRIVATE_KEY, direct_url="")
        good = await MediaCheck(MediaSettings(**EVERYTHING), aivax).run()
        wrong = await MediaCheck(MediaSettings(draw=True, image_model="crayon"), aivax).run()
        sandbox.state.faults.add(Fault("media", "status", status=500, times=9))
        (dark,) = await MediaCheck(MediaSettings(draw=True, image_model="crayon"), aivax).run()

    assert [each.state for each in good] == [CheckState.OK] * 3
    assert (wrong[0].check, wrong[0].state) == ("media.image_model", CheckState.FAILED)
    assert "flux-schnell" in wrong[0].cure
    assert dark.state is CheckState.UNKNOWN
    assert await MediaCheck(MediaSettings(), aivax).run() == []
    assert (await MediaCheck(MediaSettings(draw=True), aivax).run())[0].state is CheckState.FAILED

"""Long code that also comes as a file."""

from collections.abc import AsyncIterator

import pytest
import structlog

from bots.discord.delivery.code_attachments import code_files
from core.domain import Action, Button, Footer
from tests.discord_answers import asked, opened
from tests.discord_listening import discord_at_hand
from tests.fakes import FakeLedger
from tests.platforms.discord import FakeDiscord, Permission

CODE = "".join(f"print({number})\n" for number in range(400))
TEXT = f"Here it is:\n\n```python\n{CODE}```\n\nThat was it."


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ("python", "code-1.txt"),
        ("ts title=x", "code-1.ts"),
        ("", "code-1.txt"),
        ("../../etc/passwd", "code-1.txt"),
        ("C++", "code-1.cpp"),
        ("json", "code-1.json"),
        ("YAML", "code-1.yml"),
        ("rust", "code-1.rs"),
    ]
    + [
        (info, "code-1.txt")
        for info in (
            *(
                "bat",
                "cmd",
                "vbs",
                "vbe",
                "lnk",
                "html",
                "htm",
                "hta",
                "js",
                "jse",
                "ps1",
                "psm1",
                "sh",
                "bash",
                "scr",
            ),
            *(
                "exe",
                "com",
                "msi",
                "svg",
                "xml",
                "url",
                "jar",
                "reg",
                "desktop",
                "command",
                "php",
                "rb",
                "pl",
                "py",
            ),
            *(
                "wsf",
                "inf",
                "cpl",
                "pif",
                "scf",
                "application",
                "xhtml",
                "mht",
                "iso",
                "docm",
                "JS",
                "Bat",
                "json.exe",
            ),
        )
    ],
)
def test_a_file_is_named_by_its_language(info: str, name: str) -> None:
    assert [file.name for file in code_files(f"```{info}\n{CODE}```", 1000)] == [name]


def test_only_long_blocks_that_ended_become_files() -> None:
    text = f"```sh\nls\n```\n1. so:\n   ```py\n   {CODE[:-1].replace(chr(10), chr(10) + '   ')}\n   ```\n```py\n{CODE}"

    [file] = code_files(text, 1000)
    assert file.text == CODE


async def answered(fake: FakeDiscord, *denied: Permission, **settings: object) -> list[tuple[str, list[str]]]:
    """What each message shows, and the files on it."""
    async with opened(fake, **settings) as frontend:
        place = await asked(fake, frontend)
        fake.deny(place.channel, *denied)
        async with frontend.reply_to(str(place.address), FakeLedger()) as surface:
            await surface.write(TEXT)
            await surface.finish(Footer("", (Button(Action.GOOD, "turn", "Good"),)))
        assert place.fake.answers(place.channel)[-1].buttons
        assert place.fake.answers(place.channel)[-1].flags & 4
        return [
            (seen.content, [file.data.decode() for file in seen.attachments])
            for seen in fake.answers(place.channel)
        ]


async def test_the_file_hangs_on_the_last_message_and_the_messages_hold_everything(fake: FakeDiscord) -> None:
    shown = await answered(fake, code_as_file_chars=4000)

    assert [files for _, files in shown] == [[]] * (len(shown) - 1) + [[CODE]]
    assert all(f"print({number})" in "".join(text for text, _ in shown) for number in range(400))


@pytest.mark.parametrize("chars", [0, 50_000])
async def test_short_code_and_code_that_nobody_wants_as_a_file_stays_text(
    fake: FakeDiscord, chars: int
) -> None:
    assert not any(files for _, files in await answered(fake, code_as_file_chars=chars))


async def test_where_no_file_may_be_attached_the_answer_is_whole_without_it(fake: FakeDiscord) -> None:
    with structlog.testing.capture_logs() as logs:
        shown = await answered(fake, Permission.ATTACH_FILES, code_as_file_chars=4000)

    assert "print(399)" in shown[-1][0]
    assert not any(files for _, files in shown)
    assert "discord.code_not_attached" in [log["event"] for log in logs]


@pytest.mark.parametrize(("failures", "hangs"), [(2, True), (10**6, False)])
async def test_a_discord_that_fails_at_a_file_is_tried_again_and_holds_no_answer_up(
    fake: FakeDiscord, failures: int, hangs: bool
) -> None:
    async with opened(fake, code_as_file_chars=4000) as frontend:
        place = await asked(fake, frontend)
        with structlog.testing.capture_logs():
            async with frontend.reply_to(str(place.address), FakeLedger()) as surface:
                await surface.write(TEXT)
                await fake.until(lambda: len(fake.answers(place.channel)) >= 3)
                fake.fail("PATCH /channels/{}/messages/{}", status=500, times=failures)
                await surface.finish(Footer())

        shown = fake.answers(place.channel)
        assert any(seen.attachments for seen in shown) is hangs
        assert "That was it." in shown[-1].content

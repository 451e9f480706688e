"""What somebody said and the bot can't read: its author is told, and nothing is asked of the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aivax_bots.testing import FakePlatform, database_in, staged
from core.domain import Receipt, Unreadable
from tests.samples import ANA, CHANNEL


@pytest.fixture
def url(tmp_path: Path) -> str:
    return database_in(tmp_path)


async def test_who_writes_what_the_bot_cant_read_is_told_so_once_in_their_language(url: str) -> None:
    ana = replace(ANA, locale="pt-BR")
    sealed = [Unreadable((f"fake:{CHANNEL.channel}:sealed",), ana, CHANNEL, "general/1") for _ in range(2)]
    async with staged(url, FakePlatform()) as stage:
        receipts = await stage.hear(*sealed)

        assert receipts == [Receipt.ACCEPTED, Receipt.DUPLICATE]
        (told,) = stage.platform.visible("general")
        assert told.startswith("Não consigo ler o que se diz aqui")
        assert stage.times_asked == 0


async def test_who_is_kept_out_is_told_that_and_not_how_to_write(url: str) -> None:
    sealed = Unreadable(("fake:sealed",), ANA, CHANNEL, "general/1")
    async with staged(url, FakePlatform(), access={"block_users": ["fake:ana"]}) as stage:
        await stage.hear(sealed)

        (told,) = stage.platform.visible("general")
        assert "I may not answer you" in told

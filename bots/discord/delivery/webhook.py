"""The messages of one interaction, over its own webhook: the app's id and the token are all that it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import discord
import msgspec
from discord.http import Route
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

from bots.discord.delivery.markup_out import native
from bots.discord.events.address import PLATFORM, Address
from bots.discord.events.buttons import components_of
from bots.discord.transport.api import Session
from core.domain.errors import PlaceClosed
from core.domain.messages import Button

T = TypeVar("T")
Json = Mapping[str, Any]

ORIGINAL = "@original"
NO_PREVIEWS, EPHEMERAL, THINKING = 4, 64, 128
"""Message flags."""
OVER = frozenset({10015, 10062, 50027})
"""The token is over, or the interaction was never answered."""
UNKNOWN_MESSAGE = 10008


def heard_as(interaction: int, text: str) -> str:
    """Name a message of ours that the gateway tells of: where there is no nonce, by what it answers and says."""
    return f"{interaction}:{hashlib.sha256(text.strip().encode()).hexdigest()[:32]}"


class TokenOver(PlaceClosed):
    """The interaction takes nothing more: 15 minutes have passed, or Discord never took our first answer."""

    def __init__(self, code: str) -> None:
        super().__init__(PLATFORM, code=code, detail="the interaction is over")


class Webhook:
    """Reads, changes and adds messages of an interaction. Every call raises `TokenOver`, or as `Session.call` does.

    Nothing pings and nothing is previewed, on creates and on edits: an edit without `allowed_mentions` would ping.
    """

    def __init__(self, session: Session, address: Address) -> None:
        self._session = session
        self._address = address

    async def read(self, message: str = ORIGINAL) -> Json:
        async def get(hook: discord.Webhook, adapter: AsyncWebhookAdapter) -> Json:
            target: Any = message  # "@original" is as good as a number
            return await adapter.get_webhook_message(
                hook.id, self._address.token, target, session=hook.session
            )

        return await self._call(get)

    async def change(self, message: str, text: str, buttons: Sequence[Button]) -> str:
        """Change a message, the first one too: whatever becomes of the call, it can be repeated. Returns its id."""
        payload = _payload(text, buttons, NO_PREVIEWS)

        async def patch(hook: discord.Webhook, adapter: AsyncWebhookAdapter) -> Json:
            target: Any = message
            return await adapter.edit_webhook_message(
                hook.id, self._address.token, target, session=hook.session, payload=payload
            )

        return str((await self._call(patch, writes=True))["id"])

    async def add(self, text: str, buttons: Sequence[Button], *, hidden: bool) -> str:
        """Create a further message, and return its id. Discord knows no nonce here, so it is tried just once."""
        payload = _payload(text, buttons, NO_PREVIEWS | (EPHEMERAL if hidden else 0))

        async def post(hook: discord.Webhook, _: AsyncWebhookAdapter) -> Json:
            url = f"{Route.BASE}/webhooks/{self._address.app}/{self._address.token}"
            # the SDK would repeat it after a failure that may have been none
            async with hook.session.post(url, params={"wait": "true"}, json=payload) as response:
                data = await response.text()
                return _created(response, data)

        return str((await self._call(post, creates=True, writes=True))["id"])

    async def remove(self, message: str) -> None:
        async def delete(hook: discord.Webhook, adapter: AsyncWebhookAdapter) -> None:
            target: Any = message
            await adapter.delete_webhook_message(hook.id, self._address.token, target, session=hook.session)

        await self._call(delete)

    async def _call(
        self,
        call: Callable[[discord.Webhook, AsyncWebhookAdapter], Awaitable[T]],
        *,
        creates: bool = False,
        writes: bool = False,
    ) -> T:
        async def do(client: discord.Client) -> T:
            try:
                return await call(self._of(client), async_context.get())
            except discord.HTTPException as exc:
                if exc.code in OVER:
                    raise TokenOver(str(exc.code)) from exc
                raise

        return await self._session.call(do, creates=creates, writes=writes)

    def _of(self, client: discord.Client) -> discord.Webhook:
        state = client._connection  # noqa: SLF001 - the SDK's only way to its session
        data: Any = {"id": self._address.app, "type": 3, "token": self._address.token}
        return discord.Webhook.from_state(data, state=state)


def _payload(text: str, buttons: Sequence[Button], flags: int) -> dict[str, Any]:
    return {
        "content": native(text),
        "flags": flags,
        "allowed_mentions": {"parse": []},
        "components": components_of(buttons),
    }


def _created(response: Any, data: str) -> Json:
    if response.status >= 400:
        _refuse(response, data)
    created: Json = msgspec.json.decode(data)
    return created


def _refuse(response: Any, data: str) -> NoReturn:
    try:
        told = msgspec.json.decode(data)
    except msgspec.DecodeError:
        told = data[:200]
    raise discord.HTTPException(response, told)

"""The messages of one interaction, over its own webhook: the app's id and the token are all that it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import discord
import msgspec
from discord.http import Route
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

from bots.discord.delivery.bare import or_bare
from bots.discord.delivery.markup_out import native
from bots.discord.delivery.uploads import as_form
from bots.discord.events.address import PLATFORM, Address
from bots.discord.events.buttons import components_of
from bots.discord.transport.api import Session
from bots.discord.transport.http_hooks import error_body
from bots.discord.transport.pacing import Guard, unguarded
from core.domain import Button, MadeFile, PlaceClosed

T = TypeVar("T")
Json = Mapping[str, Any]

ORIGINAL = "@original"
NO_PREVIEWS, EPHEMERAL, THINKING = 4, 64, 128
"""Message flags."""
EXPIRED = frozenset({10015, 10062, 50027})
"""The token has expired, or the interaction was never answered."""


def follow_up_key(interaction: int, text: str) -> str:
    """Name a message of ours that the gateway tells of: where there is no nonce, by what it answers and says."""
    return f"{interaction}:{hashlib.sha256(text.strip().encode()).hexdigest()[:32]}"


def is_follow_up_key(key: str) -> bool:
    """Whether that is such a name, and no nonce."""
    return ":" in key


def is_thinking(message: Json) -> bool:
    """Tell whether a message still says that the bot thinks."""
    return bool(int(message.get("flags") or 0) & THINKING)


class TokenExpired(PlaceClosed):
    """The interaction takes nothing more: 15 minutes have passed, or Discord never took our first answer."""

    def __init__(self, code: str) -> None:
        super().__init__(PLATFORM, code=code, detail="the interaction is over")


class Webhook:
    """Reads, changes and adds messages of an interaction. Every call raises `TokenExpired`, or as `Session.call` does.

    Nothing pings and nothing is previewed, on creates and on edits: an edit without `allowed_mentions` would ping.
    A message is named by its id, or as `ORIGINAL`, which Discord takes in place of a number.
    """

    def __init__(self, session: Session, address: Address, guard: Guard = unguarded) -> None:
        """`guard` is asked again before a write that had to wait for its turn."""
        self._session = session
        self._address = address
        self._guard = guard

    async def read(self, message: str = ORIGINAL) -> Json:
        return await self._call(
            lambda hook, adapter: adapter.get_webhook_message(
                hook.id, self._address.token, cast("int", message), session=hook.session
            )
        )

    async def change(
        self, message: str, text: str, buttons: Sequence[Button], *, growing: bool = False
    ) -> str:
        """Change a message, the first one too: whatever becomes of the call, it can be repeated. Returns its id.

        What is `growing` is written now or not at all: PlatformBusy.
        """
        return await or_bare(
            lambda shown: self._change(message, _payload(text, shown, NO_PREVIEWS), growing=growing), buttons
        )

    async def add(self, text: str, buttons: Sequence[Button], *, hidden: bool, growing: bool = False) -> str:
        """Create a further message, and return its id. Discord knows no nonce here, so it is tried just once."""
        flags = NO_PREVIEWS | (EPHEMERAL if hidden else 0)
        return await or_bare(lambda shown: self._add(_payload(text, shown, flags), growing=growing), buttons)

    async def _change(self, message: str, payload: dict[str, Any], *, growing: bool) -> str:
        changed = await self._call(
            lambda hook, adapter: adapter.edit_webhook_message(
                hook.id, self._address.token, cast("int", message), session=hook.session, payload=payload
            ),
            writes=True,
            growing=growing,
        )
        return str(changed["id"])

    async def _add(self, payload: dict[str, Any], *, growing: bool) -> str:
        async def post(hook: discord.Webhook, _: AsyncWebhookAdapter) -> Json:
            url = f"{Route.BASE}/webhooks/{self._address.app}/{self._address.token}"
            # the SDK would repeat it after a failure that may have been none
            async with hook.session.post(url, params={"wait": "true"}, json=payload) as response:
                if response.status >= 400:
                    raise discord.HTTPException(response, await error_body(response))
                return msgspec.json.decode(await response.read(), type=dict[str, Any])

        return str((await self._call(post, creates=True, writes=True, growing=growing))["id"])

    async def attach(self, files: Sequence[MadeFile], *, hidden: bool, to: str = "") -> str:
        """Create a further message with files, or attach them to the one named `to`, and return its id."""
        flags = NO_PREVIEWS | (EPHEMERAL if hidden else 0)
        payload = {"flags": flags, "allowed_mentions": {"parse": []}}

        async def send(hook: discord.Webhook, _: AsyncWebhookAdapter) -> Json:
            url = f"{Route.BASE}/webhooks/{self._address.app}/{self._address.token}"
            method, where = ("PATCH", f"{url}/messages/{to}") if to else ("POST", url)
            # the SDK would repeat it after a failure that may have been none
            async with hook.session.request(
                method, where, params={"wait": "true"}, data=as_form(payload, files)
            ) as response:
                if response.status >= 400:
                    raise discord.HTTPException(response, await error_body(response))
                return msgspec.json.decode(await response.read(), type=dict[str, Any])

        return str((await self._call(send, creates=not to, writes=True))["id"])

    async def remove(self, message: str) -> None:
        await self._call(
            lambda hook, adapter: adapter.delete_webhook_message(
                hook.id, self._address.token, cast("int", message), session=hook.session
            )
        )

    async def _call(
        self,
        call: Callable[[discord.Webhook, AsyncWebhookAdapter], Awaitable[T]],
        *,
        creates: bool = False,
        writes: bool = False,
        growing: bool = False,
    ) -> T:
        """Make a call; `writes`: it carries a message's text, and takes its turn among those of this webhook."""

        async def do(client: discord.Client) -> T:
            state = client._connection  # noqa: SLF001 - the SDK's only way to its session
            data: Any = {"id": self._address.app, "type": 3, "token": self._address.token}
            hook = discord.Webhook.from_state(data, state=state)
            try:
                return await call(hook, async_context.get())
            except discord.HTTPException as exc:
                if exc.code in EXPIRED:
                    raise TokenExpired(str(exc.code)) from exc
                raise

        if not writes:
            return await self._session.call(do, of_webhook=True)
        pace = self._session.webhook_pace(self._address.token)
        return await self._session.write(pace, do, self._guard, creates=creates, growing=growing)


def _payload(text: str, buttons: Sequence[Button], flags: int) -> dict[str, Any]:
    return {
        "content": native(text),
        "flags": flags,
        "allowed_mentions": {"parse": []},
        "components": components_of(buttons),
    }

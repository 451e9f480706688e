"""Slack's events: which are sent for what happened, in their wrapper."""

from collections.abc import Callable
from typing import Any

from .shapes import message_json
from .socket_mode import Delivery
from .state import Channel, Message, Workspace
from .world import APP_ID, World

MESSAGE_SUBSCRIPTION = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}


class Events:
    """Wraps events and hands those the app has subscribed to over for delivery."""

    def __init__(self, world: World, deliver: Callable[[dict[str, Any]], Delivery]) -> None:
        self._world = world
        self._deliver = deliver

    def publish(
        self, workspace: Workspace, subscription: str, event: dict[str, Any], *, shared: bool = False
    ) -> Delivery | None:
        """Sends an event if the app is installed there and listens to it."""
        wanted = self._world.rules.subscriptions
        if not workspace.installed or (wanted is not None and subscription not in wanted):
            return None
        return self._deliver(self._wrapped(workspace, event, shared))

    def posted(self, message: Message, *, mention_first: bool = False) -> None:
        """Announces a new message, and the mention in it: two events, in either order."""
        announce = [self.seen, self.mentioned]
        for step in reversed(announce) if mention_first else announce:
            step(message)

    def changed(self, message: Message, previous: dict[str, Any]) -> None:
        event = {"subtype": "message_changed", "hidden": True, "message": message_json(message)}
        self._about(message.channel, {**event, "previous_message": previous})

    def deleted(self, message: Message) -> None:
        event = {"subtype": "message_deleted", "hidden": True, "deleted_ts": message.ts}
        self._about(message.channel, {**event, "previous_message": message_json(message)})

    def seen(self, message: Message) -> None:
        """Sends the `message` event alone."""
        fields = message_json(message)
        self._about(message.channel, fields, ts=message.ts)

    def mentioned(self, message: Message, *, anyway: bool = False) -> None:
        """Sends the `app_mention`, if it is one and the bot can know; it tells of no files.

        `anyway` plays the one that Slack has been seen to send of words that mention nobody.
        """
        channel = message.channel
        bot = channel.workspace.bot
        mentions = anyway or f"<@{bot.id}" in message.text
        if channel.kind == "im" or not channel.bot_in or message.author is bot or not mentions:
            return
        fields = {
            **message_json(message),
            "type": "app_mention",
            "channel": channel.id,
            "event_ts": message.ts,
        }
        for lacking in ("subtype", *(() if self._world.rules.mentions_with_files else ("files",))):
            fields.pop(lacking, None)
        self.publish(channel.workspace, "app_mention", fields, shared=channel.shared)

    def _about(self, channel: Channel, fields: dict[str, Any], ts: str | None = None) -> None:
        """Sends a `message` event of a channel that the bot is in; without `ts` the event gets one of its own."""
        if not channel.bot_in:
            return
        own = ts or f"{self._world.clock.now():.6f}"
        place = {"channel": channel.id, "channel_type": channel.kind, "ts": own, "event_ts": own}
        subscription = MESSAGE_SUBSCRIPTION.get(channel.kind, "message.mpim")
        self.publish(
            channel.workspace, subscription, {"type": "message", **fields, **place}, shared=channel.shared
        )

    def _wrapped(self, workspace: Workspace, event: dict[str, Any], shared: bool) -> dict[str, Any]:
        """In a shared channel `team_id` may be the author's workspace; which one the app is in, the context tells."""
        theirs = event.get("team") if shared and self._world.rules.authors_team_id else None
        grid = {"enterprise_id": workspace.enterprise_id, "context_enterprise_id": workspace.enterprise_id}
        event_id = self._world.new_id("Ev")
        authorization = {
            "enterprise_id": workspace.enterprise_id,
            "team_id": workspace.id,
            "user_id": workspace.bot.id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "type": "event_callback",
            "token": "verification-token",
            "team_id": theirs or workspace.id,
            **(grid if workspace.enterprise_id else {}),
            "context_team_id": workspace.id,
            "api_app_id": APP_ID,
            "event_id": event_id,
            "event_time": int(self._world.clock.now()),
            "event_context": f"4-{event_id}",
            "is_ext_shared_channel": shared,
            "authorizations": [authorization],
            "event": {**event, "event_ts": event.get("event_ts") or f"{self._world.clock.now():.6f}"},
        }

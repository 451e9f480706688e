"""The switches of the fake: how kind Slack is today, and which side of an open question it takes."""

from dataclasses import dataclass

SCOPES = frozenset(
    {"app_mentions:read", "assistant:write", "chat:write", "commands", "files:read", "files:write"}
    | {"reactions:write"}
    | {"channels:history", "groups:history", "im:history", "mpim:history", "users:read"}
    | {"channels:read", "groups:read", "im:read", "mpim:read", "im:write", "usergroups:read"}
)


@dataclass
class Rules:
    """What can be switched while the fake runs. The defaults are the strict reading of Slack's rules."""

    uploads_fail: bool = False  # what is uploaded is not taken

    # features
    streams: str = (
        "ok"  # or the error that every stream call gets: "unknown_method", "feature_not_enabled" ...
    )
    sessions: str = "ok"  # the same for agents.sessions.*
    agent_view: bool = True  # False: the old assistant view
    messages_tab: bool = True
    authors_team_id: bool = False  # in shared channels an event's team_id is its author's workspace
    mentions_with_files: bool = False  # an app_mention tells of the files beside it
    subscriptions: frozenset[str] | None = None  # e.g. {"app_mention", "message.im"}; None: all
    # Socket Mode
    ack_deadline_s: float = 3.0
    refuse_sockets: bool = False  # the WebSocket handshake is answered 503
    silent_sockets: bool = False  # new sockets open, and then nothing: no hello, no PONG
    reusable_tickets: bool = False
    same_envelope_id: bool = False  # a redelivery keeps the envelope's id
    socket_life_s: float = 18_060.0
    # HTTP mode
    same_signature: bool = False  # a retry is the same request again, not signed afresh
    # streams
    stream_life_s: float = 300.0
    stream_limit_bytes: int = 10_600
    stream_limit_cards: int = 45
    streams_in_odd_places: bool = False  # group DMs and Slack Connect
    dead_stream_update: str = "ok"  # or "block_mismatch"
    # the rest
    response_blocks_error: str = ""  # a response URL takes no blocks, and says so
    history_lags: int = 0  # so many reads of a history do not have its newest message yet
    root_before_replies: bool = (
        True  # conversations.replies begins with the root, whatever range is asked for
    )
    budgets: bool = False  # enforce the real rates
    history_limited: bool = False  # with budgets: the rate of a commercial app outside the Marketplace
    tombstones: bool = True  # a deleted parent with replies becomes one
    dedupe_posts: bool = False  # a second post with the same client_msg_id is the first
    scopes_header: bool = True
    refresh_grace_s: float = 0.0  # how long a used refresh token still works
    token_rotation: bool = False
    whole_organisation: bool = False  # the app is installed for an organisation, not in a workspace
    token_life_s: float = 43_200.0

"""Chooses how the sandbox plays what AIVAX leaves unstated: for each such point two shapes or more."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_type_hints

from sandbox.refusals import BodyShape


@dataclass(frozen=True, slots=True)
class Shapes:
    """One choice for each point; the first of each is what the sandbox does unless told otherwise.

    Raises `ValueError` for a choice that there is not.
    """

    stream_price: Literal["chunk", "header", "none"] = "chunk"
    """Where a stream tells its price: `generation_context` beside its usage, `Consumed-Credits`, or nowhere."""
    tool_end: Literal["state", "result", "silent"] = "state"
    """How a tool ends: by a state, by `result` or `error` in an event that still says `Running`, or with the stream."""
    balance: Literal["camel", "snake"] = "camel"
    """How the balance writes itself: plainly, or with underscores, sums as text and the plan in a list."""
    models: Literal["plain", "detailed", "camel"] = "plain"
    """Whether the list says more of models than their ids: `detailed` as clients read it, `camel` with capitals."""
    usage: Literal["lists", "objects"] = "lists"
    """How usage tells days, models and kinds: lists of objects, or names with underscores, objects and texts."""
    gateways: Literal["array", "items"] = "array"
    """How gateways are listed: all of each in an array, or what a console shows of each inside `items`."""
    unknown_model: Literal["404", "400"] = "404"
    rate_wait: Literal["told", "untold"] = "told"
    """Whether a 429 says when to come back."""
    batch: Literal["plain", "paged"] = "plain"
    """Batches: plain lists, counts, ids by name, and exports with metadata; or pages, no counts, bare ids, and exports
    with other names and answers as text."""
    rejected_attempts: Literal["hidden", "streamed"] = "hidden"
    """Whether a stream holds the attempts that did not fit a schema, as text before the one that does."""
    healing_exhausted: Literal["400", "500", "chunk"] = "400"
    """How it is told that no attempt did."""
    json_only: Literal["chunk", "bare"] = "chunk"
    """Whether `json_only` puts the JSON where text stands, or sends nothing else."""
    refusal: BodyShape = "error"
    """How administrative routes refuse."""
    lists: Literal["array", "paged"] = "array"
    """How collections and documents are listed: all at once, or `items` in pages."""
    put_state: Literal["text", "list"] = "text"
    """How the state of a document that was put is told."""
    hit_collection: Literal["collectionId", "collection"] = "collectionId"
    """What the id of a collection is called in what a search found."""
    answer: Literal["answer", "text"] = "answer"
    """What `/api/v1/answer` calls its text and its documents: `answer` and `documents`, or `text` and `sources`."""
    unknown_search_keys: Literal["refused", "ignored"] = "refused"
    """What becomes of a key that no search knows. The service ignores it; to refuse it finds a misspelt one."""
    named_tools: Literal["replace", "add"] = "replace"
    """Whether the built-in tools that a request names take the place of the gateway's, or come to them."""
    made_link: Literal["text", "markdown", "result", "list"] = "text"
    """Where a tool tells what it made: in the text, bare or as Markdown, or in its event, as a text or a list."""
    image_links: Literal["texts", "objects"] = "texts"
    """How pictures are listed: a list of addresses for each prompt, or `results` with objects."""
    speech: Literal["raw", "base64"] = "raw"
    """What `raw: true` gives: the bytes, or the document of those who ask without it."""
    audio_key: Literal["audio", "input", "data"] = "audio"
    """The key that the sound of a transcription stands under."""
    transcript: Literal["text", "plain", "transcription"] = "text"
    """Where the words of a transcription stand: `text`, bare, or `transcription`."""
    description: Literal["text", "textContent"] = "text"
    """What the text of a description is called."""
    worker_stop: Literal["403", "400"] = "403"
    """What a client sees of a message that a worker stopped."""
    insertion_limit: Literal["429", "400"] = "429"
    """The status with which documents over the plan's daily insertions are refused."""
    web_fetch: Literal["data", "bare"] = "data"
    """Whether the texts of `web/fetch` come in the envelope of administrative routes."""
    web_fetch_error: Literal["text", "object"] = "text"
    """How `web/fetch` says that it can't read an item."""
    catalogue: Literal["name", "id"] = "name"
    """What a model is called by in the catalogues of media."""

    record_offset: Literal["window", "zone"] = "window"
    """Whether `offsetminutes` says how far back the log is looked at, or where its reader lives."""
    record_filter: Literal["exact", "prefix"] = "exact"
    """Whether `--user` finds the users, too, whose ids only begin so."""
    record_list: Literal["owner", "bare"] = "owner"
    """Whether the list of the log says whose each conversation is."""
    hit_metadata: Literal["told", "untold"] = "told"
    """Whether what a search finds carries its metadata."""
    document_dates: Literal["told", "untold"] = "told"
    """Whether a document says when it was made."""
    shell_answer: Literal["plain", "enveloped"] = "plain"
    """Whether the list of a folder stands in `data`."""
    shell_folders: Literal["recursive", "empty"] = "recursive"
    """Whether a folder is deleted with all that is in it, or only when it is empty."""
    chat_helpers: Literal["enveloped", "plain"] = "enveloped"
    """Whether titles and suggestions stand in `data`."""

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"'{name}' must be one of {', '.join(choices)}")


CHOICES: Mapping[str, tuple[str, ...]] = {
    field.name: get_args(get_type_hints(Shapes)[field.name]) for field in fields(Shapes)
}
"""What each point can be, by its name."""

USUAL = Shapes()


def in_snake_case(balance: Mapping[str, Any]) -> dict[str, Any]:
    """Writes a balance with underscores, its sums as text, its plan in a list and its storage as one number."""
    told: dict[str, Any] = {_with_underscores(name): value for name, value in balance.items()}
    for name in ("balance", "usage_24h"):
        if name in told:
            told[name] = str(told[name])
    if "plan" in told:
        told["plan"] = [told["plan"]]
    if "storage_usage" in told:
        told["storage_usage"] = told["storage_usage"]["usedBytes"]
    return told


def _with_underscores(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", name).lower()

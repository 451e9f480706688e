"""What Telegram sends becomes an event of the core. Pure: no call, no state; anything of another form is nothing.

core.telegram.org/bots/api: "Update", "Message", "CallbackQuery", "ChatMemberUpdated".
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aivax_bots import (
    Action,
    Attachment,
    Author,
    Button,
    Command,
    Commanded,
    Edited,
    Event,
    Identity,
    Left,
    PassedOver,
    Place,
    Pressed,
    Quote,
    Said,
    listed_command,
    spoken_command,
)
from aivax_bots_telegram import NAME
from aivax_bots_telegram.address import Address, FileRef

Json = Mapping[str, Any]
FILES = {
    "document": ("file", "application/octet-stream"),
    "voice": ("voice.ogg", "audio/ogg"),
    "audio": ("audio.mp3", "audio/mpeg"),
    "video": ("video.mp4", "video/mp4"),
    "video_note": ("video.mp4", "video/mp4"),
}
"""Where a message's file stands, what it is called where it has no name, and what it is where Telegram does not say."""
_KINDS = ("private", "group", "supergroup")


@dataclass(frozen=True, slots=True)
class Me:
    """The bot, as Telegram knows it."""

    id: int
    name: str
    """Its user name, without the `@`."""
    asked_by: Collection[str] = ("ask",)
    """The words of commands behind which a question stands, in each language."""
    words: Collection[str] = ()
    """The words of all other commands that are the bot's."""


def gathered(updates: Sequence[Json]) -> list[Json]:
    """The updates, those of one album as one: Telegram sends each of its pictures as a message of its own."""
    found: list[Json] = []
    for update in updates:
        album, before = album_of(update), found[-1] if found else {}
        if album is None or album != album_of(before):
            found.append(update)
            continue
        first, other = before["message"], update["message"]
        told = first if first.get("caption") else other  # one of them has the words
        words = {key: told[key] for key in ("caption", "caption_entities") if key in told}
        found[-1] = {**update, "message": {**first, **words, "album": [*first.get("album", ()), other]}}
    return found


def whole_albums(updates: Sequence[Json], most: int) -> Sequence[Json]:
    """The updates without an album at their end that may go on beyond the `most` that are told at once."""
    if len(updates) < most or (album := album_of(updates[-1])) is None:
        return updates
    whole = next((at for at, each in enumerate(updates) if album_of(each) == album), 0)
    return updates[:whole] or updates


def album_of(update: Json) -> tuple[object, ...] | None:
    """What the messages of one album have in common."""
    match update:
        case {"message": {"media_group_id": str(album), "chat": {"id": int(chat)}, "message_id": int()}}:
            return chat, album
    return None


def translate(update: Json, me: Me) -> Event | PassedOver:
    """The event that an update is, or why there is none."""
    match update:
        case {"message": dict() as message}:
            return _message(message, me, edited=False)
        case {"edited_message": dict() as message}:
            return _message(message, me, edited=True)
        case {"callback_query": {"id": str(key), "from": dict() as person, "data": str(data)}}:
            return _pressed(key, person, data, update["callback_query"].get("message"), me)
        case {"stopped_message_generation": {"chat": {"id": int(chat)}, "draft_id": int(draft)}} if chat > 0:
            author = Author(Identity(NAME, "", str(chat)))
            place = Place(NAME, "", str(chat), private=True)
            keys = (f"{NAME}:{me.id}:{chat}:stopped:{draft}",)
            return Pressed(keys, author, place, Action.STOP, "", str(chat))
        case {
            "my_chat_member": {"chat": {"id": int(chat)}, "date": int(date), "new_chat_member": dict() as now}
        }:
            if chat < 0 and now.get("status") in ("left", "kicked"):
                return Left((f"{NAME}:{me.id}:{chat}:left:{date}",), NAME, workspace=str(chat))
            return PassedOver.UNKNOWN_KIND
    return PassedOver.UNKNOWN_KIND if set(update) - {"update_id"} else PassedOver.UNREADABLE


def _message(message: Json, me: Me, *, edited: bool) -> Event | PassedOver:
    match message:
        case {
            "message_id": int(number),
            "from": {"id": int()},
            "chat": {"id": int(chat), "type": str(kind)},
        } if kind in _KINDS:
            person: Json = message["from"]
            author = author_of(person)
        case _:
            return PassedOver.UNREADABLE if "from" in message else PassedOver.UNKNOWN_KIND
    if person.get("is_bot") or "via_bot" in message:
        return PassedOver.OWN if author.identity.user == str(me.id) else PassedOver.BOT
    place, address = where(message["chat"], message)
    author = replace(author, identity=replace(author.identity, workspace=place.workspace))
    text, addressed = _words(message, me)
    if not (place.private or addressed):
        return PassedOver.NOT_ADDRESSED
    numbers = [number, *(each["message_id"] for each in message.get("album", ()))]
    keys = tuple(f"{NAME}:{me.id}:{chat}:{each}" for each in numbers)
    if edited:
        changed = f"{keys[0]}:{message.get('edit_date')}:{zlib.crc32(text.encode())}"
        return Edited((changed,), author, place, origin=str(number), text=text)
    files = tuple(files_of(message))
    if not (text or files):
        return PassedOver.UNKNOWN_KIND
    if (commanded := _command(text, me)) is not None and not files:
        command, argument = commanded
        about = _answered(message, me)
        return Commanded(keys, author, place, command, address=str(address), argument=argument, about=about)
    return Said(keys, author, place, text, address=str(address), origin=str(number), attachments=files)


def author_of(person: Json) -> Author:
    """Who it is, as Telegram shows them at this moment."""
    names = [each for each in (person.get("first_name"), person.get("last_name")) if isinstance(each, str)]
    locale = person.get("language_code")
    return Author(
        Identity(NAME, "", str(person["id"])),
        name=" ".join(names)[:100],
        locale=locale if isinstance(locale, str) else "",
    )


def where(chat: Json, message: Json) -> tuple[Place, Address]:
    """The place that a message stands in, and the address of an answer to it. A group is its own workspace."""
    number, topic = int(chat["id"]), message.get("message_thread_id")
    if not (message.get("is_topic_message") is True and isinstance(topic, int)):
        topic = 0  # else it only names the first of a chain of replies
    private = number > 0
    place = Place(NAME, "" if private else str(number), str(number), thread=str(topic or ""), private=private)
    replied_to = message.get("message_id")
    return place, Address(number, topic, replied_to if isinstance(replied_to, int) else 0)


def _words(message: Json, me: Me) -> tuple[str, bool]:
    """What is said to the bot, without its name, and whether it is said to the bot."""
    text = message.get("text", message.get("caption", ""))
    text = text if isinstance(text, str) else ""
    if text.startswith("/"):
        return _slashed(text, me)
    addressed = any(_names(entity, text, me) for entity in _entities(message))
    match message.get("reply_to_message"):
        case {"from": {"id": int(author)}} if author == me.id:
            addressed = True
    name = rf"(?<!\w)@{re.escape(me.name)}(?!\w)[ ,:]*"
    return re.sub(name, "", text, flags=re.IGNORECASE).strip(), addressed


def _slashed(text: str, me: Me) -> tuple[str, bool]:
    """A command without the bot's name, or the question behind it, and whether it is given to the bot."""
    first = text.split()[0]
    word, _, other = first.partition("@")
    if other and other.casefold() != me.name.casefold():
        return text, False
    name, behind = word[1:].casefold(), text[len(first) :].strip()
    ours = name in {*me.words, *me.asked_by, "start"} or listed_command(name) is not None
    words = behind if name in me.asked_by and behind else f"{word} {behind}".strip()
    return words, bool(other) or ours


def _entities(message: Json) -> Iterator[Json]:
    listed = message.get("entities", message.get("caption_entities"))
    yield from (each for each in (listed if isinstance(listed, list) else ()) if isinstance(each, dict))


def _names(entity: Json, text: str, me: Me) -> bool:
    """Whether an entity is a mention of the bot. Telegram counts in units of UTF-16."""
    match entity:
        case {"type": "text_mention", "user": {"id": int(user)}}:
            return user == me.id
        case {"type": "mention", "offset": int(at), "length": int(length)} if 0 <= at <= len(text) * 2:
            named = text.encode("utf-16-le")[2 * at : 2 * (at + max(length, 0))].decode(
                "utf-16-le", "replace"
            )
            return named.casefold() == f"@{me.name}".casefold()
    return False


def _command(text: str, me: Me) -> tuple[Command, str] | None:
    """The command that a text is, and what stands behind it; behind a slash only its first word tells."""
    word, _, behind = text.partition(" ")
    name = word[1:].casefold()
    if word[:1] == "/" and (name == "start" or (name in me.asked_by and not behind)):
        return Command.HELP, ""
    if word[:1] == "/" and (listed := listed_command(name)) is not None:
        return listed, behind.strip()
    spoken = spoken_command(text)
    return None if spoken is None else (spoken, "")


def _answered(message: Json, me: Me) -> tuple[str, ...]:
    match message.get("reply_to_message"):
        case {"message_id": int(number), "from": {"id": int(author)}} if author == me.id:
            return (str(number),)
    return ()


def files_of(message: Json) -> Iterator[Attachment]:
    """The files of a message, and of its album; of a picture the largest size that there is."""
    match message.get("photo"):
        case [*_, {"file_id": str(file)} as photo]:
            name = f"photo-{photo.get('file_unique_id') or message.get('message_id')}.jpg"
            yield _attachment(file, name, "image/jpeg", photo)
    for kind, (name, media_type) in FILES.items():
        found = message.get(kind)
        if isinstance(found, dict) and isinstance(found.get("file_id"), str):
            told, said = found.get("file_name"), found.get("mime_type")
            yield _attachment(
                found["file_id"],
                told if isinstance(told, str) and told else name,
                said if isinstance(said, str) and said else media_type,
                found,
            )
    for other in message.get("album", ()):
        yield from files_of(other)


def _attachment(file: str, name: str, media_type: str, found: Json) -> Attachment:
    size = found.get("file_size")
    return Attachment(
        str(FileRef(file, media_type)),
        name[:200],
        media_type,
        size if isinstance(size, int) and size > 0 else 0,
    )


def quote_of(message: Json, *, replied_to: bool = False) -> Quote | None:
    """A message as what was said around a question; None where it says nothing."""
    text = message.get("text", message.get("caption", ""))
    match message:
        case {"message_id": int(number), "from": {"id": int(author)} as person}:
            files = tuple(files_of(message))
            if not (isinstance(text, str) and text) and not files:
                return None
            return Quote(
                str(number),
                author_of(person).name,
                text if isinstance(text, str) else "",
                attachments=files,
                replied_to=replied_to,
                author=str(author),
            )
    return None


def data_of(button: Button) -> str:
    """What a press of a button brings back: at most 64 bytes."""
    return f"{button.action}:{button.turn}:{button.value}"


def _pressed(key: str, person: Json, data: str, message: Any, me: Me) -> Event | PassedOver:
    action, _, more = data.partition(":")
    turn, _, value = more.partition(":")
    match message:
        case {"chat": {"id": int(), "type": str(kind)}} if kind in _KINDS and action in list(Action):
            place, address = where(message["chat"], message)
        case _:
            return PassedOver.UNKNOWN_KIND
    if not isinstance(person.get("id"), int):
        return PassedOver.UNREADABLE
    author = author_of(person)
    author = replace(author, identity=replace(author.identity, workspace=place.workspace))
    return Pressed(
        (f"{NAME}:{me.id}:pressed:{key}",), author, place, Action(action), turn, str(address), text=value
    )

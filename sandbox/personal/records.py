"""Keeps the log of conversations, as long as the plan says, and finds, shows and deletes what is in it."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

from sandbox.plans import DAY, HOUR, PlanName
from sandbox.refusals import Refusal
from sandbox.shapes import Shapes

KEPT_S: Final[Mapping[PlanName, float]] = {"free": 2 * HOUR, "pro": 2 * DAY, "max": 30 * DAY}
PAGE: Final = 5
MOST_KEPT: Final = 5_000
_FLAGS: Final = ("--user", "--gateway", "--model", "--api-key", "--chat-client", "--chat-session")
_WIDEST_ZONE_MINUTES: Final = 14 * 60
_HOUR_MINUTES: Final = 60


@dataclass(frozen=True, slots=True)
class Record:
    """One logged conversation, at a time in seconds since the epoch."""

    id: str
    user: str
    model: str
    at: float
    text: str


@dataclass(slots=True)
class Records:
    """The log. `plan` tells how long it keeps a record."""

    clock: Callable[[], float]
    plan: Callable[[], PlanName]
    kept: dict[str, Record] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: count(1))

    def keep(self, *, user: str, model: str, text: str, key: str = "") -> None:
        """Logs a call; one with the key of an earlier call takes its place."""
        record_id = f"record-{key}" if key else f"record-{next(self.numbers)}"
        self.kept[record_id] = Record(record_id, user, model, self.clock(), text)
        while len(self.kept) > MOST_KEPT:
            del self.kept[next(iter(self.kept))]

    def of(self, user: str) -> list[Record]:
        """Gives what there is of a user, and of nobody else."""
        return [each for each in self._there() if each.user == user]

    def listed(self, query: Mapping[str, str], shapes: Shapes) -> object:
        """Lists what a filter finds; raises a 400 refusal for a query that it does not know."""
        page = _page(query, shapes)
        found = [each for each in self._there() if self._is_in_time(each, query, shapes)]
        found = [each for each in found if _matches(each, query.get("filter", ""), shapes)]
        told = [_brief(each, shapes) for each in sorted(found, key=lambda each: each.at, reverse=True)]
        if shapes.lists == "array":
            return told
        part = told[(page - 1) * PAGE : page * PAGE]
        return {"pageInfo": {"currentPage": page, "hasMoreItems": page * PAGE < len(told)}, "items": part}

    def shown(self, record_id: str) -> dict[str, Any]:
        """Shows one record; raises a 404 refusal for none."""
        record = next((each for each in self._there() if each.id == record_id), None)
        if record is None:
            raise Refusal(404, "The conversation was not found.")
        told = {
            "origin": "ChatCompletionsApi",
            "modelName": record.model,
            "externalUserId": record.user or None,
        }
        return {
            "id": record.id,
            **told,
            "messages": [{"role": "user", "content": record.text}],
            "metadata": {},
        }

    def delete(self, record_id: str) -> None:
        """Deletes one record; raises a 404 refusal for none."""
        self.shown(record_id)
        del self.kept[record_id]

    def _there(self) -> list[Record]:
        oldest = self.clock() - KEPT_S[self.plan()]
        return [each for each in self.kept.values() if each.at >= oldest]

    def _is_in_time(self, record: Record, query: Mapping[str, str], shapes: Shapes) -> bool:
        """Whether a record is young enough for the window that is asked for, where there is one."""
        try:
            minutes = int(query.get("offsetminutes", "0"))
        except ValueError as exc:
            raise Refusal(400, "'offsetminutes' must be a whole number.") from exc
        if shapes.record_offset == "zone":
            if abs(minutes) > _WIDEST_ZONE_MINUTES:
                raise Refusal(400, "'offsetminutes' is no offset of a time zone.")
            return True
        return record.at >= self.clock() - 60 * (minutes or _HOUR_MINUTES)


def _page(query: Mapping[str, str], shapes: Shapes) -> int:
    known = {"offsetminutes", "filter", *(("page",) if shapes.lists == "paged" else ())}
    if unknown := sorted(query.keys() - known):
        raise Refusal(400, f"'{unknown[0]}' is not known here. Known: {', '.join(sorted(known))}.")
    return int(query.get("page", "1"))


def _matches(record: Record, said: str, shapes: Shapes) -> bool:
    words = shlex.split(said)
    if len(words) % 2 or any(flag not in _FLAGS for flag in words[::2]):
        raise Refusal(400, f"The filter is not understood. Known: {', '.join(_FLAGS)}.")
    wanted = dict(zip(words[::2], words[1::2], strict=True))
    user, model = wanted.get("--user"), wanted.get("--model")
    is_theirs = record.user.startswith if shapes.record_filter == "prefix" else record.user.__eq__
    return (user is None or is_theirs(user)) and model in (None, record.model)


def _brief(record: Record, shapes: Shapes) -> dict[str, Any]:
    at = datetime.fromtimestamp(record.at, UTC).isoformat()
    owner = {"externalUserId": record.user or None} if shapes.record_list == "owner" else {}
    return {"id": record.id, "modelName": record.model, "createdAt": at, "preview": record.text[:80], **owner}

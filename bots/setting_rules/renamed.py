"""Names that changed, of settings and of log events: the old ones go on working for one release.

Each table is the only place where an old name stands. An entry goes when one release with it has been out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.domain import SettingRefused

if TYPE_CHECKING:
    from structlog.typing import EventDict

RENAMED_SETTINGS: Mapping[str, str] = {
    "aivax.retries": "aivax.tries",
    "conversation.idle_reset": "conversation.idle_reset_hours",
    "discord.catch_up_hours": "discord.backfill_hours",
    "limits.opening_s": "limits.slow_start_interval_s",
    "limits.parked_max_age": "limits.held_hours",
    "limits.patience_s": "limits.silent_wait_s",
    "limits.woken_at_once": "limits.release_batch",
    "slack.catch_up_hours": "slack.backfill_hours",
}
"""`section.key` as it was -> `section.key` as it is now. config.example.toml lists the new ones alone."""

RENAMED_EVENTS: Mapping[str, str] = {
    "announcer.failed": "position_notifier.failed",
    "announcer.unshown": "position_notifier.not_shown",
    "bell.lost": "notifications.lost",
    "discord.author_not_told": "answer.author_not_told",
    "discord.caught_up": "discord.backfilled",
    "discord.command_unknown": "discord.interaction_unknown",
    "discord.form_elsewhere": "discord.modal_wrong_channel",
    "discord.interaction_ignored": "discord.interaction_unknown",
    "discord.may_not_write": "answer.place_closed",
    "discord.no_reaction": "discord.reaction_not_added",
    "discord.not_caught_up": "discord.backfill_failed",
    "discord.not_looked_through": "discord.backfill_skipped",
    "discord.nothing_to_offer": "discord.choices_unavailable",
    "discord.picked_message_unread": "discord.quoted_message_unread",
    "discord.reaction_stays": "discord.reaction_not_removed",
    "discord.surroundings_unread": "discord.thread_unreadable",
    "discord.unfit_command_name": "discord.command_name_invalid",
    "forgetting.done": "deletion.done",
    "forgetting.failed": "deletion.failed",
    "forgetting.goes_on": "deletion.resumed",
    "forgetting.interrupted": "deletion.interrupted",
    "gate.closed": "breaker.tripped",
    "gate.open": "breaker.reset",
    "healing.failed": "prober.failed",
    "housekeeping.failed": "retention.failed",
    "housekeeping.swept": "retention.swept",
    "notice.failed": "alert.failed",
    "notice.healed": "alert.resolved",
    "notice.told": "alert.sent",
    "notices.only_logged": "alerts.only_logged",
    "slack.answer_left_unshown": "an answer was left while it could not be shown",
    "slack.asked_elsewhere": "slack.question_moved",
    "slack.author_not_told": "answer.author_not_told",
    "slack.behind": "slack.stream_delayed",
    "slack.caught_up": "slack.backfilled",
    "slack.errand_failed": "slack.task_failed",
    "slack.errand_left_out": "slack.task_left_out",
    "slack.half_told_message_stays": "slack.partial_message_stays",
    "slack.hourglass_stays": "slack.reaction_not_removed",
    "slack.nameless": "slack.user_unknown",
    "slack.no_reaction": "slack.reaction_not_added",
    "slack.no_surroundings": "slack.thread_unreadable",
    "slack.not_answered_privately": "slack.response_url_refused",
    "slack.not_caught_up": "slack.backfill_failed",
    "slack.not_installed_there": "slack.installation_refused",
    "slack.not_offered": "slack.feature_unavailable",
    "slack.place_closed": "answer.place_closed",
    "slack.request_seen": "slack.request_repeated",
    "slack.token_gone": "slack.token_revoked",
    "slack.tokens_resealed": "slack.tokens_reencrypted",
    "slack.unreadable": "slack.history_unreadable",
    "turn.parked": "turn.held",
    "turn.wish_unknown": "turn.cancel_request_unknown",
}
"""The event of a log line as it was -> as it is now. Several old ones may have become one."""


def label(dotted: str) -> str:
    """`limits.attempts` -> `[limits] attempts`, as an operator reads it."""
    section, _, key = dotted.partition(".")
    return f"[{section}] {key}"


@dataclass(frozen=True, slots=True)
class OldNames:
    """The old names that one configuration uses, in its file and in the environment."""

    used: dict[str, str] = field(default_factory=dict)
    """What the operator wrote -> what it is called now."""
    _written: dict[str, str] = field(default_factory=dict)

    def as_written(self, problem: SettingRefused) -> SettingRefused:
        """The problem under the name that the operator wrote: an entry of a list stays part of it."""
        setting, comma, entry = problem.setting.partition(",")
        if setting not in self._written:
            return problem
        name = f"{self._written[setting]}{comma}{entry}"
        return SettingRefused(name, value=problem.value, fix=problem.fix)

    def in_file(self, values: dict[str, Any]) -> list[SettingRefused]:
        """Give the keys of a configuration file their new names, in place; return those that it holds under both."""
        problems = []
        for old, new in RENAMED_SETTINGS.items():
            (section, key), (new_section, new_key) = old.split("."), new.split(".")
            if not isinstance(values.get(section), dict) or key not in values[section]:
                continue
            value, target = values[section].pop(key), values.setdefault(new_section, {})
            if new_key in target:
                problems.append(_given_twice(label(old), label(new)))
            elif isinstance(target, dict):
                target[new_key] = value
                self.used[label(old)] = label(new)
                self._written[label(new)] = label(old)
        return problems

    def in_environment(self, environment: dict[str, str], prefix: str) -> list[SettingRefused]:
        """Give the variables their new names, in place; return those that are set under both.

        A variable of a new name wins over the old name in the file, as every variable does over the file.
        """
        problems = []
        set_as = {variable.upper(): variable for variable in environment}
        for old, new in RENAMED_SETTINGS.items():
            now = f"{prefix}{new.replace('.', '__')}".upper()
            given = set_as.get(now) or set_as.get(f"{now}_FILE")
            if given:
                self._written.pop(label(new), None)
            for suffix in ("", "_FILE"):
                written = set_as.get(f"{prefix}{old.replace('.', '__')}{suffix}".upper())
                if written and given:
                    del environment[written]
                    problems.append(_given_twice(written, given))
                elif written:
                    environment[now + suffix] = environment.pop(written)
                    self.used[written] = now + suffix
                    self._written.update({label(new): written, now + suffix: written})
        return problems


def _given_twice(old: str, new: str) -> SettingRefused:
    """The problem of a setting that is given by its old and by its new name at once."""
    return SettingRefused(old, fix=f"this is now called {new}, which is given, too: remove {old}")


def with_former_name(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """Add `formerly` to the line of a renamed event, so that alerts and searches on the old name still match."""
    former = [old for old, new in RENAMED_EVENTS.items() if new == line.get("event")]
    return {**line, "formerly": ", ".join(former)} if former else line

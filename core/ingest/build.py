"""Wires what takes events in."""

from __future__ import annotations

from core.admission.action_limit import Actions
from core.admission.passed_over import PassedCounts
from core.admission.quotas import Limits
from core.conversations.directory import Directory
from core.domain.ports import TurnQueue
from core.i18n.translators import Translators
from core.ingest.button_presses import Presses
from core.ingest.commands import Commands
from core.ingest.deletion import Deletion
from core.ingest.handlers import Handlers
from core.ingest.model_choice import Models
from core.ingest.questions import Questions
from core.ingest.service import StoringIntake
from core.settings import ConversationSettings
from core.storage.personal_data.sqlite_scrub import Scrubber
from core.storage.turns.intake import IntakeStore


def build_intake(
    store: IntakeStore,
    pool: TurnQueue,
    limits: Limits,
    translators: Translators,
    models: Models,
    *,
    conversation: ConversationSettings,
    retention_days: float,
    scrubber: Scrubber | None = None,
) -> StoringIntake:
    """Wire the intake over a store: `pool` is told which conversations have work."""
    passed, directory = PassedCounts(), Directory(conversation)
    questions = Questions(directory, limits, conversation, passed)
    commands = Commands(directory, limits, models, retention_days=retention_days)
    scrubber = scrubber or Scrubber(store.database)
    deletion = Deletion(store, directory, commands, translators, pool.notify, scrubber)
    presses = Presses(directory, questions, commands, translators, deletion)
    handlers = Handlers(directory, limits, translators, passed, questions, commands, presses)
    actions = Actions(limits.actions_a_minute)
    return StoringIntake(store, pool, handlers, actions, models, passed, deletion)

"""The public interface of aivax-bots: what a frontend for another platform, or a program around the bot, is built from.

    from aivax_bots import EditingSurface, PlainFrontend, Plugin, Said, Section

Every other package of the distribution is its inside, and changes without notice. What may change here, and how it is
told beforehand, stands in docs/public-api.md; a frontend from nothing in docs/write-a-frontend.md; what it is tested
with is `aivax_bots.testing`.

Importing this imports nothing else. Each name is looked up in its own module when it is first asked for, so that a
plugin costs `aivax-bots --help` no more than what it uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aivax_bots._lazy import names_of

if TYPE_CHECKING:
    from bots.embedding import run as run
    from bots.frontends import CheckContext as CheckContext
    from bots.frontends import Host as Host
    from bots.frontends import Mounts as Mounts
    from bots.frontends import PlatformSignIn as PlatformSignIn
    from bots.frontends import Plugin as Plugin
    from bots.setting_rules.ids import IdKind as IdKind
    from bots.setup.ports import AnswerRefusedError as AnswerRefusedError
    from bots.setup.ports import Choice as Choice
    from bots.setup.ports import Interview as Interview
    from bots.setup.ports import PlatformSetup as PlatformSetup
    from bots.setup.ports import Question as Question
    from core.delivery.editing_surface import EditingSurface as EditingSurface
    from core.delivery.pacing import Pace as Pace
    from core.delivery.pacing import SharedRate as SharedRate
    from core.delivery.plain_frontend import PlainFrontend as PlainFrontend
    from core.delivery.whole_surface import WholeSurface as WholeSurface
    from core.domain import Action as Action
    from core.domain import Administers as Administers
    from core.domain import Apology as Apology
    from core.domain import Attachment as Attachment
    from core.domain import Author as Author
    from core.domain import Blob as Blob
    from core.domain import BotError as BotError
    from core.domain import Button as Button
    from core.domain import Capability as Capability
    from core.domain import ChannelMessage as ChannelMessage
    from core.domain import Command as Command
    from core.domain import Commanded as Commanded
    from core.domain import Counting as Counting
    from core.domain import Deleted as Deleted
    from core.domain import Delivery as Delivery
    from core.domain import EditableChannel as EditableChannel
    from core.domain import Edited as Edited
    from core.domain import Event as Event
    from core.domain import Fenced as Fenced
    from core.domain import FileGone as FileGone
    from core.domain import FileTooLarge as FileTooLarge
    from core.domain import Footer as Footer
    from core.domain import Frontend as Frontend
    from core.domain import FrontendRefused as FrontendRefused
    from core.domain import FrontendUnreachable as FrontendUnreachable
    from core.domain import Identity as Identity
    from core.domain import Intake as Intake
    from core.domain import Ledger as Ledger
    from core.domain import Left as Left
    from core.domain import MadeFile as MadeFile
    from core.domain import MessageRefused as MessageRefused
    from core.domain import OddAnswer as OddAnswer
    from core.domain import OutcomeUnknown as OutcomeUnknown
    from core.domain import PassedOver as PassedOver
    from core.domain import Place as Place
    from core.domain import PlaceClosed as PlaceClosed
    from core.domain import PlatformBusy as PlatformBusy
    from core.domain import PlatformError as PlatformError
    from core.domain import PostableChannel as PostableChannel
    from core.domain import Pressed as Pressed
    from core.domain import Preview as Preview
    from core.domain import Quote as Quote
    from core.domain import Receipt as Receipt
    from core.domain import ReplySurface as ReplySurface
    from core.domain import Rewritten as Rewritten
    from core.domain import Said as Said
    from core.domain import SettingRefused as SettingRefused
    from core.domain import Sign as Sign
    from core.domain import Status as Status
    from core.domain import ToolActivity as ToolActivity
    from core.domain import ToolState as ToolState
    from core.domain import Translator as Translator
    from core.domain import Unreadable as Unreadable
    from core.domain import Watch as Watch
    from core.domain.checks import Check as Check
    from core.domain.checks import CheckState as CheckState
    from core.domain.checks import Finding as Finding
    from core.i18n import command_menu as command_menu
    from core.i18n import listed_command as listed_command
    from core.i18n import spoken_command as spoken_command
    from core.i18n.languages import LANGUAGES as LANGUAGES
    from core.markdown.dialect import Dialect as Dialect
    from core.section import Section as Section

_HOMES: Mapping[str, str] = {
    "bots.embedding": "run",
    "bots.frontends": "CheckContext Host Mounts PlatformSignIn Plugin",
    "bots.setting_rules.ids": "IdKind",
    "bots.setup.ports": "AnswerRefusedError Choice Interview PlatformSetup Question",
    "core.delivery.editing_surface": "EditingSurface",
    "core.delivery.pacing": "Pace SharedRate",
    "core.delivery.plain_frontend": "PlainFrontend",
    "core.delivery.whole_surface": "WholeSurface",
    "core.domain.capabilities": "Capability",
    "core.domain.checks": "Check CheckState Finding",
    "core.domain.errors": "BotError Fenced FileGone FileTooLarge FrontendRefused FrontendUnreachable MessageRefused"
    " OddAnswer OutcomeUnknown PlaceClosed PlatformBusy PlatformError SettingRefused",
    "core.domain.messages": "Action Apology Attachment Author Blob Button ChannelMessage Command Commanded Deleted"
    " Edited Event Footer Identity Left MadeFile PassedOver Place Pressed Quote Receipt Rewritten Said Sign Status"
    " ToolActivity ToolState Unreadable",
    "core.domain.places.admins": "Administers",
    "core.domain.ports": "Counting Delivery EditableChannel Frontend Intake Ledger PostableChannel Preview"
    " ReplySurface Watch",
    "core.domain.translator": "Translator",
    "core.i18n": "command_menu listed_command spoken_command",
    "core.i18n.languages": "LANGUAGES",
    "core.markdown.dialect": "Dialect",
    "core.section": "Section",
}
"""Where each public name lives. `tests/test_public_api.py` holds that type checkers are told the same above."""
_DEPRECATED: dict[str, str] = {}

if not TYPE_CHECKING:  # a type checker would take every name for one of these
    __getattr__, __dir__ = names_of(__name__, _HOMES, _DEPRECATED)

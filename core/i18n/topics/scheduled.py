"""The sentences about digests of channels and about reminders."""

from __future__ import annotations

from core.domain import Sentence


class ScheduledPhrase(Sentence):
    """As `core.i18n.catalog.Phrase`."""

    # digests
    DIGESTS_NAME = "digests"
    DIGESTS_COMMAND = "Say whether what you write goes into digests of channels"
    DIGESTS_ARGUMENT = "choice"
    DIGESTS_ARGUMENT_HELP = "on or off"
    DIGESTS_ARE_IN = (
        "In some channels, what was said is summarised at a time of day. What you write there is part of it. "
        "To be left out, write {off}."
    )
    DIGESTS_ARE_OUT = "What you write is left out of digests. To be part of them again, write {on}."
    DIGEST_TITLE = "**Digest** · {since} to {until} · messages: {count}"
    DIGEST_QUIET = "It was quiet here since the last digest."
    DIGEST_MISSED = "There is no digest for the time up to {until}: I couldn't make it in time."
    DIGEST_BOUND = "There is no digest this time: what one may cost is used up."
    DIGEST_EMPTY = "There is no digest this time: nothing came of {count} messages that I could point to."
    DIGEST_PARTLY = "_There was more than fits: the oldest messages are left out._"
    DIGEST_ALERT = "The digest {name} could not be made: {failure}. The log of the bot says more."
    DIGEST_HEALED = "The digest {name} could be made again."

    # reminders
    REMIND_NAME = "remind"
    REMIND_COMMAND = "Remind you of something at a time that you name"
    REMIND_WHEN_HELP = "When: in 2 hours, tomorrow at 9:00, 2027-03-01 at 9:00, every monday at 9:00"
    REMIND_WHAT_HELP = "What of"
    REMIND_CANCEL_HELP = "The number of a reminder that is not wanted any more"
    REMIND_SET = "I'll remind you on {when} ({zone}): {text}"
    REMIND_SET_EVERY = "I'll remind you again and again, first on {when} ({zone}): {text}"
    REMIND_HOW_TO_CANCEL = "To cancel it: {example}"
    REMIND_LIST = "**Your reminders**"
    REMIND_ONE = "{number}: {when} ({zone}) · {text}"
    REMIND_ONE_EVERY = "{number}: again and again, next on {when} ({zone}) · {text}"
    REMIND_ELSEWHERE = "(in another conversation)"
    REMIND_NONE = "You have no reminders. For one, write {example}"
    REMIND_CANCELLED = "The reminder {number} is cancelled."
    REMIND_UNKNOWN = "You have no reminder with that number. {example} shows yours."
    REMIND_USE = (
        "I don't understand when. Write it like one of these:\n- {first}\n- {second}\n- {third}\n- {fourth}\n"
        "{listing} shows your reminders, {cancel} cancels one."
    )
    REMIND_EXAMPLE_IN = "remind me in 2 hours to call Ana"
    REMIND_EXAMPLE_AT = "remind me tomorrow at 9:00 to send the report"
    REMIND_EXAMPLE_ON = "remind me on 2027-03-01 at 14:30 to renew the domain"
    REMIND_EXAMPLE_EVERY = "remind me every monday at 9:00 to water the plants"
    REMIND_LIST_WORD = "list"
    REMIND_CANCEL_WORD = "cancel"
    REMIND_WHAT = "Of what? Write it behind the time: {example}"
    REMIND_PAST = "That time has gone by: {when} ({zone})."
    REMIND_TOO_FAR = "That is too far ahead: I remember things for up to {days} days."
    REMIND_TOO_MANY = "You have {most} reminders, which is as many as I keep. Cancel one first: {example}"
    REMIND_TOO_LONG = "That is too long to be remembered: up to {most} characters."
    REMIND_NOW = "You wanted to be reminded: {text}"
    REMIND_LATE = "You wanted to be reminded on {when} ({zone}); I was away then: {text}"

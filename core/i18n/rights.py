"""The sentences about people's own data: what is stored, sent and deleted, consent, and whom operators block."""

from __future__ import annotations

from core.domain import Sentence


class RightsPhrase(Sentence):
    """As `core.i18n.catalog.Phrase`."""

    # what is stored, and who reads it
    PRIVACY_ELSEWHERE = (
        "What you say to me and what I answer is stored by the people who run me, so that I can follow "
        "our conversation. To be answered, it is sent to the AI service at {where}."
    )
    PRIVACY_KEPT = (
        "**Kept:** your questions, my answers and what I did for them; the names of your files and where they lie, "
        "never the files; your name, language and time zone, as this platform tells them; what you thought of "
        "answers; how much you used."
    )
    PRIVACY_IN_FILE = "**Where:** in a file on the computer that I run on."
    PRIVACY_ON_SERVER = "**Where:** in a database of the people who run me."
    PRIVACY_FOR_EVER = "The text is kept until you have it deleted."
    PRIVACY_TOOLS_PERIOD = "What tools did for you is deleted after {left}."
    PRIVACY_FILES_PERIOD = "The names of your files are deleted after {left}."
    PRIVACY_NUMBERS_PERIOD = "When you asked, and how much you used, is deleted after {left}."
    PRIVACY_READERS = (
        "**Who can read it:** the people who run me. What is said in a channel can be read by all "
        "who are there."
    )
    PRIVACY_SHARED = (
        "In a channel or thread, all who write to me share one conversation: I answer others "
        "with yours in mind."
    )
    PRIVACY_SENT = (
        "**What is sent to be answered:** your question with its files, our conversation so far, what others wrote "
        "around it with their names, and an id that stands for you."
    )
    PRIVACY_LOGGED = "AIVAX keeps it in a log for up to {left}, where the people who run me can read it."
    PRIVACY_NOT_LOGGED = "AIVAX is asked not to keep it in its log of conversations."
    PRIVACY_MEMORY = "AIVAX may also remember things about you: `{word}` shows them to you."
    PRIVACY_SUMMARIES = (
        "**Summarised:** what no longer fits into what I read of a conversation. `{word}` shows the summary, and lets "
        "you change or delete it."
    )
    PRIVACY_LEARNT = (
        "What the people who run me have me learn from files and threads is stored at AIVAX, too."
    )
    PRIVACY_RIGHTS = "`{word}` sends you all of it as files; `{forget}` deletes it."

    # the summary of what no longer fits
    SUMMARY_NAME = "summary"
    SUMMARY_COMMAND = "Show the summary of our older messages, or change or delete it"
    SUMMARY_ARGUMENT = "change"
    SUMMARY_ARGUMENT_HELP = "“edit” and your words, “delete”, “off” or “on”; nothing to see it"
    SUMMARY_EDIT_WORD = "edit"
    SUMMARY_OFF_WORD = "off"
    SUMMARY_ON_WORD = "on"
    SUMMARY_TITLE = "This summary stands for our older messages, which I no longer read:"
    SUMMARY_COST = "It took {tokens} tokens so far."
    SUMMARY_MADE = "Older messages were summarised: {tokens} tokens."
    SUMMARY_HOW = (
        "`{word} {edit} ...` puts your words in its place, `{word} {delete}` deletes it, and with `{word} {off}` I "
        "keep none here."
    )
    SUMMARY_HOW_SHARED = (
        "It is of all who write here: `{word} {delete}` deletes it, and with `{word} {off}` I keep none here."
    )
    SUMMARY_NONE = (
        "There is no summary of this conversation. I make one when not all of it fits into what I read."
    )
    SUMMARY_UNWANTED = "I keep no summary of this conversation, as was wanted. `{word} {on}` changes that."
    SUMMARY_EDITED = "I've put your words in its place. `{word}` shows them."
    SUMMARY_DELETED = "I've deleted it. What it stood for is gone from what I know of this conversation."
    SUMMARY_OFF = "I keep no summary of this conversation any more. `{word} {on}` changes that."
    SUMMARY_ON = "I keep a summary of this conversation, once not all of it fits into what I read."
    SUMMARY_SHARED = "Several people write here, so none of them words the summary. It can be deleted."
    SUMMARY_TOO_LONG = "Write what the summary is to say, in at most {most} words."
    SUMMARY_CHANGED = "It changed just now. `{word}` shows how it is."
    USAGE_SUMMARIES = "Of these tokens, {tokens} went into summaries of your conversations."

    # all of it, as files
    EXPORT_NAME = "export"
    EXPORT_COMMAND = "Get all that is stored about you, as files"
    EXPORT_DONE = (
        "Here is all that is stored about you. The page is for reading (open it in a browser); the other file has "
        "the same for programs."
    )
    EXPORT_WITHOUT_MEMORIES = (
        "What AIVAX remembers of you is missing in them: it can't be asked at the moment."
    )
    EXPORT_ELSEWHERE = "I'm sending it to you in a direct message, where nobody else reads."
    EXPORT_NO_DIRECT = "I can't send you a direct message. Write `{word}` to me in one."
    EXPORT_TOO_SOON = "I sent it to you not long ago: I do that once in {span}. Please ask again later."
    EXPORT_TOO_LARGE = "It is more than can be sent here. Ask the people who run me: they can give it to you."
    EXPORT_TITLE = "All that is stored about you"
    EXPORT_MADE = "As of {when}"
    EXPORT_QUESTION = "You"
    EXPORT_ANSWER = "Answer"
    EXPORT_FILES = "Files: {names}"
    EXPORT_DETAILS = "The same and everything else, table by table"

    # to be forgotten
    FORGET_COMMAND = "Delete all that is stored about you"
    FORGET_ASKED = (
        "I'd delete the texts of all that you asked me and of all that I answered, in every place where you spoke "
        "with me; what waits for an answer gets none. That can't be undone. Press the button, or write `{words}`."
    )
    FORGET_WORDS = "forget everything"

    # consent
    CONSENT_NOTICE = (
        "Before we begin: what you say to me is stored by the people who run me, and sent to an AI service to be "
        "answered. `{word}` tells you more, `{forget}` deletes it."
    )
    CONSENT_ASKED = (
        "Before I answer: what you say to me is stored by the people who run me, and sent to an AI service to be "
        "answered. `{word}` tells you more. Press the button or write `{words}`, and I'll answer what you asked: "
        "I've kept it."
    )
    CONSENT_BUTTON = "I agree"
    CONSENT_DONE = "Thank you. I'm answering what you asked."
    CONSENT_KNOWN = "Thank you. Ask me anything."

    # whom the bot does not answer
    BLOCKED = (
        "The people who run me have decided that I don't answer you. Ask them if that is a mistake. `{word}` still "
        "sends you what is stored about you, and `{forget}` deletes it."
    )
    BLOCK_WORD = "block"
    BLOCK_COMMAND = "Answer a person no more, or see who is blocked"
    BLOCK_ARGUMENT = "person"
    BLOCK_ARGUMENT_HELP = "A mention, a name or an id"
    BLOCK_DONE = "I don't answer {who} any more. `{word}` takes that back."
    BLOCK_NOT_OPERATOR = "I can't block {who}: they run me."
    BLOCK_NONE = "Nobody is blocked."
    BLOCK_LIST = "I don't answer these:"
    UNBLOCK_WORD = "unblock"
    UNBLOCK_COMMAND = "Answer a person again who was blocked"
    UNBLOCK_DONE = "I answer {who} again."
    UNBLOCK_NONE = "{who} was not blocked."
    PEOPLE_WORD = "people"
    PEOPLE_COMMAND = "Find a person, or have all of a person's data deleted"
    PEOPLE_ARGUMENT_HELP = "A mention, a name or an id; “forget” before it deletes"
    PEOPLE_USAGE = (
        "Name somebody: `{word} Ana` finds them, `{word} {forget} slack:U0123` deletes what is "
        "stored of them."
    )
    PEOPLE_FOUND = "{who}, known since {when}"
    PEOPLE_NOBODY = "I know nobody of that name or id."
    PEOPLE_SEVERAL = "That could be more than one person. Name one by what stands first:"
    PEOPLE_FORGOTTEN = "All that is stored of {who} is being deleted."

"""Every sentence that the bot says in its own voice. None of them is ever made by the model.

The English text is the message id and the name its context, as in gettext: `locales/` holds the catalogues that
translate it, `core.i18n.translators` chooses one and fills in the values.
"""

from __future__ import annotations

from core.domain import Sentence


class Phrase(Sentence):
    """The sentences, in English, with `{placeholders}`."""

    # apologies
    KEY_REFUSED = (
        "I can't answer right now: I'm not set up correctly on our side. It is nothing you did, "
        "and the people who run me have been told."
    )
    GATEWAY_UNKNOWN = (
        "I can't answer right now: the AI model that I'm set up to use can't be found. It is nothing you did, "
        "and the people who run me have been told."
    )
    REQUEST_REFUSED = (
        "The AI service didn't accept this question. Try asking it in another way. "
        "If that doesn't help, quote reference {reference} to the people who run me."
    )
    CONTEXT_TOO_LONG = (
        "This conversation, or this message, is too long for me to read in one go. Try a shorter message, "
        "or start a new conversation with {reset}."
    )
    MESSAGE_TOO_LONG = (
        "That message is too long for me: I can read up to {most} characters at once, and it has {length}."
    )
    UNAVAILABLE = "The AI service doesn't respond at the moment. Please try again in a few minutes."
    UNANSWERABLE = (
        "The AI service failed at this question again and again, though it answers others. Try asking it in "
        "another way. If that doesn't help, quote reference {reference} to the people who run me."
    )
    ANSWER_CUT = (
        "My answer was cut short here: the connection to the AI service broke off. Ask again and I'll retry."
    )
    ANSWER_EMPTY = "I couldn't come up with an answer to that. Try asking it in another way."
    EMPTY_BY_LENGTH = (
        "I reached the longest length I may write before I came to an answer. Try asking for less."
    )
    EMPTY_BY_FILTER = (
        "The AI service's content filter held back my answer to that. Try asking it in another way."
    )
    EMPTY_BY_TOOL = "To answer that I'd need a tool that I can't use here. Try asking it in another way."
    GAVE_UP = (
        "Something on our side interrupted me several times, so I couldn't answer this. Please ask again. "
        "(Reference: {reference})"
    )
    UNKNOWN = (
        "Something went wrong on our side, and I couldn't answer. Please try again; if it happens again, "
        "quote reference {reference} to the people who run me."
    )
    NOT_TAKEN = (
        "I have an answer, but it can't be shown here: this platform doesn't take the message. Please ask again in "
        "another way. (Reference: {reference})"
    )
    HOOK_REFUSED = (
        "A check that comes before each answer keeps me from answering this. If you think it should not, "
        "ask the people who run me."
    )
    BUSY = "There are too many questions waiting at the moment, so I can't take this one. Please try again in a while."

    # the operator's own limits
    PERSON_WAITING = (
        "As many of your questions are waiting as I may keep for one person ({most}), so I can't take this one. "
        "Please ask again when some of them are answered."
    )
    PERSON_HOURLY = (
        "You've asked as many questions as I may answer you in an hour ({most}). Please ask again in {wait}."
    )
    PERSON_DAILY = (
        "You've asked as many questions as I may answer you in a day ({most}). Please ask again in {wait}."
    )
    WORKSPACE_DAILY = (
        "I've been asked as many questions here as I may answer in a day ({most}). "
        "Please ask again in {wait}."
    )
    SPEND_REACHED = "I've used up what I may spend on answers in a day. Please ask again in about {wait}."
    NOT_FOR_YOU = (
        "I'm sorry, I may not answer you: the people who run me have chosen whom I answer. "
        "Please ask them if you need me."
    )
    NOT_HERE = (
        "I'm sorry, I may not answer here: the people who run me have chosen where I do. "
        "Please ask me in another place."
    )

    UNREADABLE = (
        "I can't read what is said here: it is encrypted for the people in this place, and I have no key. "
        "Please talk with me where nothing is encrypted."
    )

    # pages in a browser
    APP_INSTALLED = "The app is installed. You can close this page."
    APP_NOT_INSTALLED = "The app was not installed. Please try again."

    ATTACHMENT_SKIPPED = "I couldn't read {name}, so this answer goes without it."
    ATTACHMENT_EMPTY = "There is nothing in {name}, so this answer goes without it."
    ATTACHMENT_GONE = "{name} is no longer there for me to read, so this answer goes without it."
    ATTACHMENT_KIND = "I can't read files of that kind, so this answer goes without {name}."
    ATTACHMENT_TOO_LARGE = "I read files of up to {most} MB, so this answer goes without {name}."
    ATTACHMENTS_TOO_MANY = "I read up to {most} files of one question, so this answer goes without {name}."
    ATTACHMENTS_TOO_LARGE = (
        "I read up to {most} MB of files of one question, so this answer goes without {name}."
    )
    ATTACHMENT_TEXT_CUT = (
        "I read up to {most} characters of text files, so this answer goes without the rest of {name}."
    )

    GREETING = "Hi! Ask me anything: write your question in the same message in which you mention me."

    # waiting behind a breaker
    KEPT_PAUSED = "My answers are paused. I've kept your question and will answer it as soon as they go on."
    KEPT_BALANCE = (
        "I can't answer right now: the account that pays for my answers is out of credit. The people who run me "
        "have been told. I've kept your question and will answer it as soon as that is mended."
    )
    KEPT_STORAGE = (
        "I can't answer right now: the account's storage is full. The people who run me have been told. "
        "I've kept your question and will answer it as soon as that is mended."
    )
    KEPT_RATE = (
        "I'm getting more questions than I may answer right now. "
        "I've kept yours and will answer it in about {wait}."
    )
    KEPT_OUTAGE = (
        "The AI service doesn't respond at the moment. I've kept your question and will answer it as soon as "
        "the service is back."
    )
    KEPT_TOO_LONG = (
        "I couldn't answer this in time, and it has waited too long now. "
        "If you still want to know, please ask again."
    )
    KEEP_BUTTON = "Keep waiting"
    DROP_BUTTON = "Don't answer"
    KEEP_DONE = "All right, I'll answer as soon as I can."
    DROP_DONE = "All right, I won't answer that one."
    BEING_ANSWERED = "I'm trying to answer that one right now. If it doesn't work out, I'll let it be."
    NOTHING_WAITS = "That question isn't waiting any more, so there is nothing left to decide."
    NOT_YOURS = "Only the person who asked can decide that."
    WITHOUT_MEDIA = "The account's credit is too low to look at files, so this answer goes without {names}."

    # what goes on
    PLACE_IN_LINE = "You are number {place} in line; I'll get to you in about {wait}."
    THINKING = "Thinking …"
    TOOL_RUNNING = "Using {tool} …"
    TOOL_RUNNING_BECAUSE = "Using {tool}: {reason} …"
    TOOL_UNNAMED = "a tool"
    LENGTH_REACHED = "This answer reached the longest length I may write. Ask me to go on for the rest."
    CONTENT_FILTERED = "The rest of this answer was held back by the AI service's content filter."
    TOOL_NOT_HERE = (
        "I wanted to use a tool here that I can't use, so something may be missing in this answer."
    )

    FILES_NOT_SHOWN = "Files that I made and can't show here, being too many or too large: {count}."

    COST = "{model}, {tokens} tokens"

    # commands
    RESET_DONE = "Started a new conversation. I no longer see what we said before."
    USAGE_DAY = "Your questions in the last 24 hours: {count}. Tokens used for them: {tokens}."
    USAGE_COST = "They cost {cost}."
    USAGE_PER_HOUR = "You may ask {most} questions an hour; {rest} are left."
    USAGE_PER_DAY = "You may ask {most} questions a day; {rest} are left."
    USAGE_RENEWS = "The next one is added in {wait}."
    USAGE_NO_LIMIT = "There is no limit to how many questions you may ask."

    # an answer that ends before its time
    STOPPED = "Stopped here, as you asked."
    STOP_DONE = "All right, I've stopped."
    STOP_NOTHING = "There is nothing of yours here that I'm answering."
    INTERRUPTED = "Stopped here, because you wrote something new."
    QUESTION_CHANGED = "Stopped here, because you changed your question. The answer to the new one follows."
    QUESTION_DELETED = "Stopped here, because the question was deleted."
    STOP_BUTTON = "Stop"

    # an answer that is taken away
    DELETE_DONE = "Done: that answer is gone, here and from what I remember."
    DELETE_FORGOTTEN = (
        "I've forgotten that answer, but I can't take all of it off the screen here. "
        "Whoever looks after this place can."
    )
    DELETE_NOTHING = "I know of no answer there that I could take away."
    DELETE_NOT_YOURS = (
        "Only the person who asked, or whoever looks after this place, can take that answer away."
    )
    TAKE_AWAY = "Take this answer away"

    # below an answer
    REGENERATE_BUTTON = "Answer again"
    REGENERATE_GONE = "I can't answer that one again: what you asked is no longer stored."
    GOOD_BUTTON = "Good answer"
    BAD_BUTTON = "Bad answer"
    FEEDBACK_DONE = "Thank you, I've passed that on to the people who run me."
    FEEDBACK_TITLE = "Your feedback"
    FEEDBACK_LABEL = "What was wrong with the answer?"
    FORM_SEND = "Send"
    FORM_CANCEL = "Cancel"

    # help, and what is stored
    HELP = (
        "Write to me directly, or mention me, and I'll answer. These words do something of their own when "
        "they are all that you write:\n"
        "- `reset` starts a new conversation\n"
        "- `stop` ends the answer that I'm writing\n"
        "- `delete` takes my newest answer to you away\n"
        "- `usage` shows what you have used\n"
        "- `privacy` tells what is stored about you, and who reads it\n"
        "- `export` sends you all of it as files; `forget` deletes it\n"
        "- `help` shows this"
    )
    PRIVACY = (
        "What you say to me and what I answer is stored by the people who run me, so that I can follow "
        "our conversation. To be answered, it is sent to the AI service AIVAX."
    )
    PRIVACY_PERIOD = "The text is deleted after {left}."
    FORGET_BUTTON = "Delete what is stored about me"
    FORGET_DONE = (
        "Done: I've deleted the texts of your questions ({count}) and of my answers to them. What was "
        "posted here stays until you delete it."
    )
    LANGUAGE_DONE = "All right, I'll speak English with you."
    LANGUAGE_AUTOMATIC = "As in my profile"
    HOME_USAGE = "What you have used"
    HOME_LANGUAGE = "The language I speak with you"
    HOME_PRIVACY = "What is stored about you"

    # the names of commands, as platforms list them
    ASK_COMMAND = "Ask a question"
    ASK_QUESTION = "What do you want to know?"
    ASK_FILE = "A file to look at"
    ASK_PRIVATELY = "Show the answer to nobody but me"
    ASK_ABOUT = "Ask about this"
    ASK_ABOUT_DEFAULT = "Explain this message to me."
    RESET_COMMAND = "Start a new conversation"
    STOP_COMMAND = "End the answer that is being written"
    USAGE_COMMAND = "Show what you have used, and what is left"
    HELP_COMMAND = "Show what you can say to me"
    PRIVACY_COMMAND = "Show what is stored about you, or delete it"
    DELETE_COMMAND = "Take my newest answer to you away"

    # the same, as they are typed where a platform has names for each language: one word, lower case
    ASK_NAME = "ask"
    QUESTION_NAME = "question"
    FILE_NAME = "file"
    PRIVATE_NAME = "private"
    RESET_NAME = "reset"
    STOP_NAME = "stop"
    USAGE_NAME = "usage"
    HELP_NAME = "help"
    PRIVACY_NAME = "privacy"
    DELETE_NAME = "delete"
    MODEL_NAME = "model"
    GATEWAY_NAME = "gateway"

    # what platforms show of the bot before anybody spoke with it
    APP_DESCRIPTION = "Answers questions, in direct messages and wherever it is mentioned"

    # places that can't take an answer
    PRIVATE_ENDED = "I have to end here: a private answer may not take longer. Ask me to go on for the rest."
    ENDED_HERE = "I have to end here: I may not write any more in this place. Ask me to go on for the rest."
    MAY_NOT_WRITE = (
        "You asked me something in {where}, but I may not write there. Please ask the people who run it "
        "to let me, or ask me here."
    )
    ANSWERED_HERE = "You asked me this in {where}, where I may not write, so I answer you here."
    HELLO = "Hi! What can I do for you?"

    # the gateway of a place
    MODEL_SHOWN = "Questions here are answered by `{model}`."
    MODEL_SET = "From now on, questions here are answered by `{model}`."
    MODEL_RESET = "Questions here are answered by `{model}` again, as I'm configured."
    MODEL_REFUSED = (
        "I can't ask `{model}`: with the key that I have, only the full UUID of a gateway will do."
    )
    SETUP_TEST = "This is a test: here I'll tell the people who run me what they must know."
    OPERATORS_ONLY = "Only the people who run me can do that."

    # capabilities: what I do by a word of its own
    CAPABILITY_DAILY = (
        "I may do `{word}` for you {most} times a day, and you've had that. Please try again in {wait}."
    )
    CAPABILITY_OFF = "I can't do that any more: the people who run me have switched it off."
    CREDIT_LOW = (
        "The AI account has too little credit left for that. The people who run me can top it up; please try again "
        "later."
    )
    LIMIT_REACHED = (
        "The AI service takes no more of that for now: a limit is reached. Please try again in {wait}."
    )
    CAPABILITIES_HELP = "Here I can also do this:"
    MODEL_COMMAND = "Show or choose the gateway that answers here"
    MODEL_OPTION = "The gateway; “default” for the configured one"

    # alerts to the people who run the bot
    NOTICE_BALANCE_LOW = "The AIVAX balance is below {threshold}. {figures}"
    NOTICE_BALANCE_RISEN = "The AIVAX balance is above {threshold} again. {figures}"
    NOTICE_BALANCE_CLOSED = (
        "The AIVAX account is out of credit. I make no calls; questions are kept and answered after a top-up, "
        "with no restart. {figures}"
    )
    NOTICE_PAUSED = (
        "My answers are paused: questions are kept, and answered after `resume`. An operator has asked "
        "for it."
    )
    NOTICE_RESUMED = "My answers go on: I'm answering what was kept."
    NOTICE_BALANCE_OPEN = "The AIVAX account has credit again: I'm answering what was kept."
    NOTICE_MEDIA_CLOSED = (
        "The AIVAX balance is too low for files: questions are answered without them until there is more. "
        "{figures}"
    )
    NOTICE_MEDIA_OPEN = "The AIVAX balance is enough for files again."
    NOTICE_STORAGE_CLOSED = (
        "The AIVAX account's storage is over its quota. Delete stored data or change the plan; until then "
        "questions are kept."
    )
    NOTICE_STORAGE_OPEN = "The AIVAX account's storage is under its quota again: I'm answering what was kept."
    NOTICE_RATE_CLOSED = (
        "AIVAX takes no more calls to `{model}` for now: its rate limit is reached. Questions are kept; the next "
        "try is in about {wait}."
    )
    NOTICE_RATE_OPEN = "AIVAX takes calls to `{model}` again: I'm answering what was kept."
    NOTICE_CAP_CLOSED = (
        "AIVAX takes no more calls to `{model}` for now: a cap on its use is reached. AIVAX says: `{told}`. "
        "Questions are kept; the next try is in about {wait}."
    )
    NOTICE_OUTAGE_OTHER = (
        "AIVAX doesn't answer calls to `{model}`. `{other}` answers in its place where it is set up to; what it "
        "can't answer is kept. I keep trying."
    )
    NOTICE_CAP_OTHER = (
        "AIVAX takes no more calls to `{model}` for now: a cap on its use is reached. AIVAX says: `{told}`. "
        "`{other}` answers in its place where it is set up to; what it can't answer is kept. The next try is in "
        "about {wait}."
    )
    NOTICE_OUTAGE_CLOSED = "AIVAX doesn't answer calls to `{model}`. Questions are kept; I keep trying."
    NOTICE_OUTAGE_OPEN = "AIVAX answers calls to `{model}` again: I'm answering what was kept."
    NOTICE_KEY_REFUSED = (
        "AIVAX refuses the key: it is missing, wrong or expired, so nothing can be answered. Put a valid one into"
        " `{setting}` and restart me."
    )
    NOTICE_KEY_TAKEN = "AIVAX takes the key again."
    NOTICE_ADDRESS_PAGE = (
        "A web page answers at `{setting}`, and no AI service, so nothing can be answered. Put the address there"
        " that the service gives for programs (it mostly ends in `/v1`) and restart me."
    )
    NOTICE_ADDRESS_ROUTE = (
        "What answers at `{setting}` is no AI service that I can talk to, so nothing can be answered. Put the address"
        " there that the service gives for programs (it mostly ends in `/v1`) and restart me; the log says more."
    )
    NOTICE_ADDRESS_TAKEN = "The AI service answers at `{setting}`."
    NOTICE_MODEL_FORBIDDEN = (
        "The key in `{setting}` may not ask `{model}`, so questions there can't be answered."
    )
    NOTICE_MODEL_UNKNOWN = (
        "AIVAX knows no gateway or model named `{model}`, so questions there can't be answered. "
        "Check `[aivax] model` and `[[routes]]`."
    )
    NOTICE_MODEL_ANSWERS = "`{model}` answers again."
    NOTICE_FRONTEND_LOST = "The connection to {platform} is lost. I keep trying; the log says more."
    NOTICE_FRONTEND_REFUSED = "{platform} refuses me. Check `{setting}`; the log says more."
    NOTICE_FRONTEND_BACK = "The connection to {platform} is back."
    NOTICE_FRONTEND_DEAF = (
        "I am connected to {platform} and have heard nothing there for {minutes} min. "
        "If people do write to me there, run `aivax-bots doctor`, and start me again."
    )
    NOTICE_FRONTEND_HEARS = "I hear {platform} again."
    NOTICE_SETTINGS_REFUSED = (
        "The changed configuration can't be used: the one of before stays in force until it is mended. "
        "Check `{setting}`; the log says more."
    )
    NOTICE_SETTINGS_TAKEN = "The changed configuration is in force."
    HOOK_OFF = (
        "The hook `{hook}` failed {count} times in a row. I leave it out and try it again in {wait}; "
        "the log says why it fails."
    )
    HOOK_OFF_REFUSES = (
        "The hook `{hook}` failed {count} times in a row, and what it should check is refused until it works. "
        "I try it again in {wait}; the log says why it fails."
    )
    HOOK_BACK = "The hook `{hook}` works again."
    HOOKS_NOT_LOADED = (
        "The changed hooks can't be loaded: those of before stay in force until that is mended. "
        "The log says more."
    )
    HOOKS_LOADED = "The changed hooks are in force."
    FIGURE_BALANCE = "Balance: {balance}."
    FIGURE_SPENT = "Spent in the last 24 hours: {spent}."
    FIGURE_LEFT = "At this rate it lasts for about {left}."

    # media and tools
    TOOL_CAP = (
        "You have used {tool} as often as one person may in 24 hours ({most}), so I answer you without it"
        " until some of that time has passed."
    )
    ATTACHMENT_NOT_HEARD = "I couldn't make out what is in {name}, so this answer goes without it."
    ATTACHMENT_NO_CREDIT = (
        "The account's credit is too low to listen to or look at {name}, so this answer goes without it."
    )
    ATTACHMENT_BUSY = (
        "The AI service takes no more recordings or pictures for now, so this answer goes without {name}."
    )
    ATTACHMENT_DAILY = (
        "You have sent me as many recordings or pictures as one person may in 24 hours, so this answer "
        "goes without {name}."
    )
    DRAW_WORD = "draw"
    DRAW_DESCRIPTION = "Make pictures of what you describe"
    DRAW_ARGUMENT = "picture"
    DRAW_ARGUMENT_HELP = "What the picture is to show; “2x” before it makes two"
    DRAW_USAGE = (
        "Write behind `{word}` what the picture is to show, such as `{word} 2x a lighthouse at night`: "
        "with `2x` I make two."
    )
    DRAWING = "Making your picture …"
    DRAWN = "Here you are."
    DRAW_TOO_LONG = "I can take up to {most} characters for a picture, and that has {length}."
    DRAW_MOST = "I make up to {most} pictures at once."
    DRAW_LINK = "I can't show this one here; for some months it can be seen at {link}"
    DRAW_NOTHING = "The AI service made no picture of that. Try it in other words."
    SPEAK_WORD = "speak"
    SPEAK_DESCRIPTION = "Say my last answer, or your words, aloud"
    SPEAK_ARGUMENT = "text"
    SPEAK_ARGUMENT_HELP = "What to say; left out, it is my last answer here"
    SPEAK_NOTHING = (
        "There is no answer of mine here that I could say aloud. Write behind `{word}` what I should say."
    )
    SPEAKING = "Speaking …"
    SPOKEN = "Here it is to listen to."
    SPEAK_CUT = "I say up to {most} characters aloud, so this is only the beginning."

    # forms
    SCHEMA_UNMET = (
        "The AI service found no answer in the form that was asked for. Try to say more clearly what you "
        "mean. If that doesn't help, quote reference {reference} to the people who run me."
    )
    FORM_UNDER_WAY = "Filling in the form …"
    FORM_INPUT_MISSING = "I need {option} as well: {help}. Write it like this: {example}"
    FORM_INPUT_WRONG = "{option} can't be {value}: it takes {allowed}."
    FORM_WORDS_LEFT = (
        "I don't know where {words} belongs. Put values with blanks in them in quotes, like this: {example}"
    )
    FORM_ALLOWED_WHOLE = "a whole number"
    FORM_ALLOWED_WHOLE_BETWEEN = "a whole number from {least} to {most}"
    FORM_ALLOWED_WHOLE_FROM = "a whole number from {least} on"
    FORM_ALLOWED_WHOLE_UP_TO = "a whole number up to {most}"
    FORM_ALLOWED_NUMBER = "a number"
    FORM_ALLOWED_BETWEEN = "a number from {least} to {most}"
    FORM_ALLOWED_FROM = "a number from {least} on"
    FORM_ALLOWED_UP_TO = "a number up to {most}"
    FORM_ALLOWED_YES_NO = "yes or no"
    FORM_ALLOWED_CHOICES = "one of {choices}"
    FORM_ALLOWED_CHARS = "{least} to {most} characters"
    FORM_ALLOWED_MOST_CHARS = "up to {most} characters"
    FORM_ALLOWED_LEAST_CHARS = "{least} characters or more"
    FORM_ALLOWED_DATE = "a date such as 2026-12-31"
    FORM_FIELD_MISSING = "Please fill this in."
    FORMS_NAME = "forms"
    FORMS_COMMAND = "List the forms that I can fill in with you"
    FORMS_LIST = "Forms that I can fill in with you:"
    FORMS_NONE = "There is no form that everybody may fill in."
    FORM_FILL_BUTTON = "Fill one in"
    FORM_BY_WORDS = "Write the form's word and its values as in the list, or use the form's own command."
    FORM_MODAL_TITLE = "Fill in a form"
    FORM_CHOOSE = "Which form?"
    FORM_NEXT = "Next"
    FORM_SHORTCUT = "Choose a form and fill it in; the answer comes as a direct message"
    FORM_YES = "yes"
    FORM_NO = "no"
    FORM_ROWS_CUT = "Further rows that are not shown here: {count}. The file has all of them."

    # search and sources: what stands in the collections
    SEARCH_WORD = "search"
    SEARCH_DESCRIPTION = "Search our documents"
    SEARCH_ARGUMENT = "words"
    SEARCH_ARGUMENT_HELP = "What to search for; a whole question works best"
    SEARCH_USAGE = "Tell me what to search for, such as: `search how do I get a refund`"
    SEARCHING = "Searching our documents …"
    SEARCH_NOTHING = "I found nothing about that in our documents. Try other words, or a whole question."
    SEARCH_TOO_LONG = "That is too long to search for: I take up to {most} characters, and it has {length}."
    SEARCH_NOT_HERE = "There are no documents that I may search for you here."
    SOURCES_WORD = "sources"
    SOURCES_DESCRIPTION = "Answer from our documents, and name the sources"
    SOURCES_ARGUMENT_HELP = "Your question"
    SOURCES_USAGE = "Ask me something behind the word, such as: `sources how do I get a refund`"
    SOURCES_NOTHING = (
        "I found nothing about that in our documents, so I have no source to answer from, "
        "and asked no AI model."
    )
    SOURCES_HEADING = "**Sources**"
    SOURCES_UNNAMED = "**Found, though the answer names none of them**"
    SOURCES_INVENTED = "{names}: the answer names this, but I found no such document."
    SOURCE_SCORED = "{name} (score {score})"
    SOURCE_NAMELESS = "without a name"

    # data at AIVAX: deletion there, and what is remembered
    FORGET_AT_AIVAX = (
        "What the AI service AIVAX keeps of you is deleted, too: that takes some minutes, and I'll tell you "
        "here."
    )
    FORGET_PUBLIC_KEY = (
        "What the AI service AIVAX itself keeps of you can't be deleted with the key that I have: ask the people "
        "who run me."
    )
    FORGET_OTHER_SERVER = "What the AI service itself keeps of you I can't delete: ask the people who run me."
    FORGET_LOCAL_ONLY = (
        "I'm not allowed to delete what the AI service AIVAX itself keeps of you: ask the people who run me."
    )
    FORGET_AT_AIVAX_DONE = (
        "What I found of you at AIVAX is deleted: memories ({memories}), logged conversations ({records}), "
        "files ({files})."
    )
    FORGET_GAVE_UP = "AIVAX let me delete only a part, and I've stopped trying after {left}."
    FORGET_LEFT_MEMORIES = "Some memories may be left there: ask the people who run me to look."
    FORGET_LEFT_RECORDS = (
        "Some logged conversations may be left there; they go by themselves, after {left} at the latest."
    )
    FORGET_LEFT_FILES = "Some files may be left there: ask the people who run me to look."
    FORGET_KEPT_AT_AIVAX = (
        "Its technical logs may keep traces for up to a year, and its backups for up to 3 months: nobody can have "
        "those deleted sooner."
    )
    FORGET_LOG_PERIOD = "What you ask me from now on stands in its log again, for up to {left}."
    MEMORY_NAME = "memory"
    MEMORY_COMMAND = "Show what is remembered about you, or have it forgotten"
    MEMORY_ARGUMENT = "entry"
    MEMORY_ARGUMENT_HELP = "“forget 2” for the second entry; nothing to see them all"
    MEMORY_NOTHING = "Nothing is remembered about you."
    MEMORY_TITLE = "This is remembered about you ({count}):"
    MEMORY_MORE = "There are more ({count}): forget some of these to see them."
    MEMORY_HOW = "To have one forgotten, write `{word} {forget} 2`."
    MEMORY_SAVED = "saved {date}"
    MEMORY_EXPIRES = "until {date}"
    MEMORY_FORGET_WORD = "forget"
    MEMORY_FORGOTTEN = "Forgotten: {text}"
    MEMORY_GONE = "That entry is gone already."
    MEMORY_NO_SUCH = "I didn't show you an entry with that number. Write `{word}` to see them all."
    MEMORY_IN_PRIVATE = (
        "Others can read here. Ask me in a direct message, and I'll show you what is remembered about you."
    )

    # what operators have the bot learn
    LEARN_WORD = "learn"
    LEARN_DESCRIPTION = "Learn the files of your message, or this thread, so that I can answer from them"
    LEARNT_WORD = "learnt"
    LEARNT_DESCRIPTION = "List what I have learnt here"
    UNLEARN_WORD = "unlearn"
    UNLEARN_DESCRIPTION = "Forget something that I have learnt"
    UNLEARN_ARGUMENT = "name"
    UNLEARN_ARGUMENT_HELP = "What it is called in the list of what I have learnt"
    LEARN_USE = (
        "Attach the files to a message that says `{word}`, or write `{word}` in a thread: then I learn "
        "what was said in it. `{word} {channel} 50` learns the newest 50 messages of a whole channel."
    )
    LEARN_CHANNEL = "channel"
    LEARN_CHANNEL_READING = "Reading the channel  {bar}  {done} of {total}"
    LEARN_CHANNEL_EMPTY = "I can read nothing in this channel that could be learnt."
    LEARN_THIS = "Learn this"
    LEARN_NOWHERE = (
        "There is no collection that I may learn into from here. The people who run me set it as `{setting}`."
    )
    LEARN_READING = "Reading {name}  {bar}  {done} of {total}"
    LEARN_SENDING = "Sending {name}  {bar}  {done} of {total}"
    LEARN_INDEXING = "AIVAX is indexing  {bar}  {rest} left"
    LEARN_FORGETTING = "Forgetting {name}  {bar}  {done} of {total}"
    LEARN_DONE = (
        "I have learnt {name}: pieces: {total}, of which {new} are new and {skipped} were there already."
    )
    LEARN_DONE_GONE = "Pieces of an older version that I have forgotten: {gone}."
    LEARN_DONE_PAGES = "Pages: {pages}."
    LEARN_FILES_APART = (
        "I have learnt the words of the thread; its files are left out. Attach them to a message that says "
        "`{word}`."
    )
    LEARN_STILL_INDEXING = "AIVAX is still indexing; in some minutes I can answer from it."
    LEARN_COST = "This cost {cost}."
    LEARN_LEFT_OUT = "{name} is left out: {why}"
    LEARN_NO_TEXT = "there is no text in it."
    LEARN_NO_KIND = "I can't read files of this kind."
    LEARN_TOO_LARGE = "I may learn files of up to {most} MB."
    LEARN_TOO_MANY_PAGES = "I may learn files of up to {most} pages."
    LEARN_PROTECTED = "it is protected by a password."
    LEARN_UNREADABLE = "it is damaged, or can't be read."
    LEARN_GONE = "I can't fetch it any more."
    LEARN_OVER_DAILY = (
        "it makes {count} new pieces, and you may have {most} a day learnt; there is room for {rest} today."
    )
    LEARN_STOPPED_PLAN = (
        "AIVAX takes no more documents for now: a limit of the account's plan is reached. Of {name} it has "
        "{done} of {total} pieces. Say `{word}` again tomorrow: what is there is not sent twice."
    )
    LEARN_STOPPED_BALANCE = (
        "AIVAX takes no more documents: the account has no credit, or no storage, left. Of {name} it has "
        "{done} of {total} pieces. Say `{word}` again after a top-up: what is there is not sent twice."
    )
    LEARN_INTERRUPTED = (
        "Of {name} AIVAX has {done} of {total} pieces so far. Say `{word}` again: what is there is not "
        "sent twice."
    )
    LEARNT_NOTHING = "I have learnt nothing here yet."
    LEARNT_HEAD = "This is what I have learnt:"
    LEARNT_ENTRY = "{name}: {count} pieces, {when}, by {author}"
    LEARNT_PART = "{name}: {done} of {total} pieces so far, by {author}"
    LEARNT_MORE = "And {rest} more."
    UNLEARN_USE = "Write the name behind the word: `{word} handbook.pdf`. `{list}` tells the names."
    UNLEARN_UNKNOWN = "I have learnt nothing named {name} here. `{list}` tells the names."
    UNLEARN_SEVERAL = (
        "Several that I have learnt are called {name}. Say it in the channel where it was learnt."
    )
    UNLEARN_DONE = "I have forgotten {name}: {count} pieces."
    UNLEARN_LATER = (
        "I answer no more from {name} as soon as AIVAX is reached again: I keep trying to delete it there."
    )

    # caps on money, and the model that answers instead
    SPEND_PERSON = (
        "My answers to you may cost {most} a day, and that is used up. Please ask again in about {wait}."
    )
    SPEND_PLACE = (
        "My answers in this place may cost {most} a day, and that is used up. "
        "Please ask again in about {wait}."
    )
    SPEND_WORKSPACE = (
        "My answers to all of you here may cost {most} a day, and that is used up. "
        "Please ask again in about {wait}."
    )
    SPEND_MONTH = (
        "I've used up what I may spend on answers this month. The next month begins in about {wait}: please ask "
        "again then."
    )
    SPEND_UNDER_WAY = (
        "The answers that I'm still writing may use up what I may spend, so I can't take this one yet. Please ask "
        "again when they are there."
    )
    USAGE_USD_PER_DAY = "My answers to you may cost {most} a day; {rest} are left."
    FALLBACK_OUTAGE = "Answered by {model}, as the model that answers here otherwise is out of reach."
    FALLBACK_CAP = "Answered by {model}, as what the model that answers here otherwise may cost is used up."

    # a pause, for operators
    PAUSE_NAME = "pause"
    PAUSE_COMMAND = "Hold all answers until you say resume; questions are kept"
    PAUSE_SENTENCE = "sentence"
    PAUSE_SENTENCE_HELP = "What people are told meanwhile; without it, a sentence of mine"
    PAUSE_DONE = "My answers are paused. Questions are kept, and answered when you say `resume`."
    RESUME_NAME = "resume"
    RESUME_COMMAND = "Give answers again, those to what was kept first"
    RESUME_DONE = "My answers go on: I'm answering what was kept first."
    RESUME_NOTHING = "My answers aren't paused."
    TURN_DROPPED = "The people who run me took this question out of the line: I won't answer it."

    # the account, for operators
    ACCOUNT_NAME = "account"
    ACCOUNT_COMMAND = "Show the AIVAX account: balance, spending, limits"
    ACCOUNT_UNTOLD = (
        "The AI service doesn't tell me the balance: with the key that I have, I may not read it."
    )
    ACCOUNT_UNREADABLE = "I can't read the balance at the moment: the AI service doesn't tell it."
    ACCOUNT_NEAR_STORAGE = "Near a limit: the account's storage is {percent} full."
    ACCOUNT_NEAR_CALLS = "Near a limit: I've made {percent} of the calls that the plan takes in a day."
    ACCOUNT_PLAN = "Plan: {plan}."
    ACCOUNT_LIMITS = "Its limits: {limits}."
    ACCOUNT_USAGE_UNREADABLE = "I can't read what was spent at the moment: the AI service doesn't tell it."
    ACCOUNT_UNSPENT = "The AI service tells of nothing that was spent in {span}."
    ACCOUNT_SPENT = "Spent by the whole account in {span}: {usd}. The newest minutes are not in it yet."
    ACCOUNT_MODELS = "By model:"
    ACCOUNT_KINDS = "By kind of use:"
    ACCOUNT_PEOPLE = "Whose answers from me cost most in {span}:"
    ACCOUNT_PLACES = "Where they cost most:"
    ACCOUNT_SHARE = "{who}: {usd} (answers: {count})"
    ACCOUNT_UNPRICED = "{who}: cost unknown (answers: {count})"
    ACCOUNT_DIRECT = "direct messages"
    ACCOUNT_CHART = "Spending by day, from {first} to {last}; the highest bar is {highest}"
    LIST_MORE = "… and {count} more"
    GATEWAYS_NAME = "gateways"
    GATEWAYS_COMMAND = "List the AI gateways, describe one, or have it answer here"
    GATEWAYS_OPTION = "A gateway to describe; “use” and its name to have it answer here"
    GATEWAYS_USE = "use"
    GATEWAYS_NONE = "The account has no AI gateways."
    GATEWAYS_UNKNOWN = "The account has no AI gateway named {name}. `{word}` lists them all."
    GATEWAYS_ASKS = "{gateway} asks {model}"
    GATEWAYS_INSTRUCTION = "It has an instruction of its own, {count} characters long."
    MODELS_NAME = "models"
    MODELS_COMMAND = "List the models that can be asked, with context window and price"
    MODELS_OPTION = "A part of the name"
    FILTER_NAME = "filter"
    MODELS_UNTOLD = "The AI service doesn't tell me what can be asked."
    MODELS_NONE = "There is nothing to ask whose name holds {filter}."
    MODELS_MORE = "… and {count} more: write a part of the name"
    MODELS_ASKS = "asks {model}"
    MODELS_CONTEXT = "context of {count} tokens"

    # batches
    BATCH_NAME = "batch"
    BATCH_COMMAND = "Fill in a form for each row of a file"
    BATCH_ARGUMENT = "form"
    BATCH_ARGUMENT_HELP = "The form's name, or status, cancel or retry"
    BATCH_USE = (
        "Attach one file, CSV with a head or JSON lines, and write `batch` and the form's name. Forms: "
        "{forms}. `batch status`, `batch cancel` and `batch retry` are about your last one here."
    )
    BATCH_UNREADABLE = "I can't read {name} as rows: it must be CSV with a head, or JSON lines, in UTF-8."
    BATCH_LINE_UNREADABLE = (
        "I can't read line {line} of {name}: the file must be CSV with a head, or JSON lines."
    )
    BATCH_FILE_TOO_LARGE = "I take files of up to {most} MB for a batch, so {name} is too large."
    BATCH_TOO_MANY_ROWS = "A batch may have up to {most} rows, and {name} has {count}."
    BATCH_TOO_MANY_OPEN = (
        "You have as many batches under way as I may keep for one person ({most}). Please come back when "
        "one of them is done."
    )
    BATCH_TOO_DEAR = (
        "{count} rows may cost {cost}, and {left} is left of what my answers may cost, so I've begun nothing. "
        "Send fewer rows, or change the caps in `[limits]`; `question_usd` there is what I take a completion for."
    )
    BATCH_ROW_WRONG = "Row {row} can't be used, so I've begun nothing: {problem}"
    BATCH_BEGUN = (
        "I'm having {form} filled in for {count} rows. Each costs a completion. You get a file here when "
        "they are done."
    )
    BATCH_BEGUN_TWICE = (
        "I'm having {form} filled in for {count} rows. Each costs two completions: one answers, one "
        "judges the answer. You get a file here when they are done."
    )
    BATCH_PROGRESS = "Batch {form}: {ended} of {total} rows are done ({percent} %)."
    BATCH_PAUSED = "Batch {form} has paused at AIVAX. I keep looking at it."
    BATCH_PAUSED_BALANCE = (
        "Batch {form} has paused: the AIVAX account is out of credit. It goes on by itself once there is "
        "some."
    )
    BATCH_PAUSED_PLAN = (
        "Batch {form} has paused: a limit of the AIVAX plan is reached. It goes on by itself, at the "
        "latest tomorrow."
    )
    BATCH_PAUSED_PROVIDER = (
        "Batch {form} has paused: the model's provider doesn't respond. It goes on by itself when it does."
    )
    BATCH_PAUSED_ERRORS = (
        "Batch {form} has paused: too many of its rows failed in a row. `batch cancel` ends it, with what"
        " is done."
    )
    BATCH_PAUSED_BY_HAND = "Batch {form} was paused by hand in the AIVAX console."
    BATCH_DONE = (
        "Batch {form} is done: {good} of {total} rows were answered. The file has all of them, in their "
        "order."
    )
    BATCH_DONE_SOME = (
        "Batch {form} is done: {good} of {total} rows were answered. The file has all of them, in their "
        "order. `batch retry` tries those that failed once more."
    )
    BATCH_FAILED = (
        "AIVAX did not take the batch {form}, or has it no more. The people who run me find why in the log."
    )
    BATCH_NONE = "You have no batch here."
    BATCH_NOT_OPEN = "Your last batch here isn't under way any more."
    BATCH_CANCEL_SOON = "All right, I'm ending it. You get a file with what is done."
    BATCH_RETRY_SOON = "All right, those that failed are tried once more."
    SUGGESTIONS = "You could ask next:"
    BATCH_CANCEL_BUTTON = "End it"
    BATCH_RETRY_BUTTON = "Try those that failed again"
    BATCH_ENDED = "That batch isn't under way any more."
    BATCH_RETRY_NOTHING = "There is nothing left to try again in that batch."
    BATCH_GONE = "I know nothing of that batch any more."
    BATCH_COST = "It cost {cost}."
    BATCH_NO_RETRY = "There is nothing left to try again in your last batch here."

"""The sentences about accounts on several platforms that are one person's."""

from __future__ import annotations

from core.domain import Sentence


class LinkPhrase(Sentence):
    """As `core.i18n.catalog.Phrase`."""

    # the words, and what stands behind them
    LINK_WORD = "link"
    LINK_COMMAND = "Have me know you as one person here and on another platform"
    LINK_ARGUMENT = "code"
    LINK_ARGUMENT_HELP = "The code that I gave you there; without one, I give you one"
    LINK_TOGETHER_WORD = "together"
    LINK_APART_WORD = "apart"
    UNLINK_WORD = "unlink"
    UNLINK_COMMAND = "Take this account, or another of your linked ones, out again"
    UNLINK_ARGUMENT = "number"
    UNLINK_ARGUMENT_HELP = "Its number in the list that “link” shows; without one, this account"
    LINK_AGREE_BUTTON = "Yes, that is me"
    LINK_REFUSE_BUTTON = "No, that is not me"
    LINK_UNDO_BUTTON = "Undo"

    # a code is given
    LINK_CODE = (
        "Your code is `{code}`. Within {span}, write `{word} {code}` to me from your other account, in a "
        "direct message. Never give it to anybody: who uses it says to be you. I link nothing before you have"
        " agreed in both accounts."
    )
    LINK_CODE_HINT = (
        "With `{word} {code} {together}`, what we say to each other in private becomes one conversation, too."
    )
    LINK_LIST = "These accounts are one person to me:"
    LINK_THIS = "this one"
    LINK_LIST_APART = "What we say in private stays apart in each; `{word}` makes one conversation of it."
    LINK_LIST_TOGETHER = "What we say in private is one conversation; `{word}` ends that."
    LINK_LIST_HOW = "`{word}` takes an account out by its number."
    LINK_IN_PRIVATE = "Others can read here. Please say that to me in a direct message."
    LINK_CODE_IN_PUBLIC = (
        "Others can read here, so that code is worth nothing any more. Please delete your message, and get "
        "another code with `{word}` in a direct message."
    )

    # a code is used
    LINK_NO_SUCH_CODE = (
        "I know no such code: it is mistyped, was used already, or is too old. `{word}` in your other account"
        " gives you another."
    )
    LINK_TOO_OFTEN = "I've looked at {most} codes from you within an hour. Please try again later."
    LINK_OWN_CODE = "That code is this account's own. Write it to me from your other account."
    LINK_ALREADY = "These two accounts are one person to me already."
    LINK_IMPOSSIBLE = "These two accounts can't be linked. The people who run me can tell you why."
    LINK_FORGETTING = "Something of yours is being deleted just now. Please try again in a few minutes."
    LINK_TOO_MANY = "I link {most} accounts of one person at most."
    LINK_ASK_USER = (
        "This code was made by {who}. Is that you? If somebody gave you the code, say no: who is linked to "
        "you can have all sent to them that you ever asked me, and delete it."
    )
    LINK_ASK_MAKER = (
        "{who} has used your code, and says to be you. Is that so? If it is not, say no: who is linked to you"
        " can have all sent to them that you ever asked me, and delete it."
    )
    LINK_ASK_TOGETHER = "What the two accounts say to me in private becomes one conversation."
    LINK_ANSWER_WORDS = "Press a button, or write `{yes}` or `{no}`."
    LINK_ASKED_THERE = "Thank you. I've asked your other account, too: agree there, within {span} at most."
    LINK_NOTHING_ASKED = "There is nothing to agree to any more. `{word}` gives you a code."
    LINK_REFUSED = "Good that you looked. Nothing is linked, and the code is worth nothing any more."
    LINK_REFUSED_THERE = "{who} said no, so nothing is linked."

    LINK_PRIVACY = (
        "If you link accounts with `{word}`, I keep which of them are one person. Exports and deletions then "
        "reach all of them. AIVAX still gets an id of its own for each, so what it remembers of one stays "
        "there."
    )

    # two accounts are linked
    LINK_DONE = (
        "Done: {who} and this account are one person to me. You have one language, one set of limits, one "
        "`{usage}`, one `{export}` and one `{forget}` now. If that is wrong, undo it, or write `{undo}`."
    )
    LINK_DONE_APART = (
        "What we say in private stays apart in each account; `{word}` makes one conversation of it."
    )
    LINK_DONE_TOGETHER = "What we say in private is one conversation now; `{word}` ends that."
    LINK_NOW_TOGETHER = (
        "What your linked accounts say to me in private is one conversation now; `{word}` ends that."
    )
    LINK_NOW_APART = "What your linked accounts say to me in private is no longer one conversation."
    LINK_NOT_LINKED = "This account is linked to no other. `{word}` gives you a code for that."
    UNLINK_NO_SUCH = "There is no account of that number: `{word}` lists them."
    UNLINK_DONE = (
        "{who} is by itself again. What was asked and used there counts there, what was asked elsewhere "
        "counts elsewhere."
    )

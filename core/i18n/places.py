"""The sentences about the settings of a server or channel that its own admins change in chat."""

from __future__ import annotations

from core.domain import Sentence


class PlacesPhrase(Sentence):
    """As `core.i18n.catalog.Phrase`."""

    # the word, and what a platform's command asks for
    SETTINGS_WORD = "settings"
    SETTINGS_COMMAND = "For admins: show or change my settings in this channel or server"
    SETTINGS_LANGUAGE_HELP = "The language of my own sentences"
    SETTINGS_ANSWERS_HELP = "Whether I answer here"
    SETTINGS_GATEWAY_HELP = "Which gateway answers"
    SETTINGS_PERSON_HOURLY_HELP = "Questions that one person may ask in an hour"
    SETTINGS_PERSON_DAILY_HELP = "Questions that one person may ask in 24 hours"
    SETTINGS_PLACE_DAILY_HELP = "Questions that all people together may ask in 24 hours"
    SETTINGS_FOR_HELP = "Where it holds: in this channel, or in the whole server"
    SETTINGS_RESET_HELP = "What goes back to how I am configured"

    # what holds
    SETTINGS_TITLE = "**My settings here**"
    SETTINGS_ON = "on"
    SETTINGS_OFF = "off"
    SETTINGS_NO_LIMIT = "no limit"
    SETTINGS_USUAL_GATEWAY = "the usual one"
    SETTINGS_OPERATOR_GATEWAY = "one that the people who run me chose in chat"
    SETTINGS_FROM_OPERATOR = "as I am configured"
    SETTINGS_FROM_SERVER = "set for the whole server"
    SETTINGS_FROM_CHANNEL = "set for this channel"
    SETTINGS_TAKES = "it takes {allowed}"
    SETTINGS_FIXED = "only the people who run me can change it"
    SETTINGS_CHANNELS = "Set for single channels: {options}"
    SETTINGS_HOW = (
        "To change one here: {example}. For the whole server, add {whole}. "
        "To put one back: {one}; to put all back: {every}."
    )
    SETTINGS_HOW_CHANNEL = "To change one here: {example}. To put one back: {one}; to put all back: {every}."

    # what came of a change
    SETTINGS_SET_CHANNEL = "In this channel, {option} is now {value}."
    SETTINGS_SET_SERVER = "In the whole server, {option} is now {value}."
    SETTINGS_CHANNEL_WINS = "This channel has a value of its own for {option}, which goes on here."
    SETTINGS_PUT_BACK = "Put back: {options}."
    SETTINGS_NOTHING_SET = "There was nothing to put back."
    SETTINGS_SAME = "Nothing changed: that is how it was set."

    # why not
    SETTINGS_ADMINS_ONLY = (
        "Only admins of this place can do that: those who may manage the server or this channel."
    )
    SETTINGS_SERVER_ONLY = (
        "You can set this channel, but not the whole server: that takes an admin of the server."
    )
    SETTINGS_NOWHERE = "There is nothing to set here: we are alone. Use it in a channel of a server."
    SETTINGS_NOT_ALLOWED = "The people who run me don't let {option} be changed in chat."
    SETTINGS_UNKNOWN = "I can't make a setting of {words}. There are: {options}."
    SETTINGS_ASK_LATER = (
        "I can't find out now whether you are an admin here. Please try again in a few minutes."
    )

    # what people meet
    PLACE_OFF = "I'm sorry, I don't answer here: an admin of this place has turned me off."
    PLACE_PERSON_HOURLY = (
        "The admins of this place let each person ask {most} questions an hour here. "
        "Please ask again in {wait}."
    )
    PLACE_PERSON_DAILY = (
        "The admins of this place let each person ask {most} questions in 24 hours here. "
        "Please ask again in {wait}."
    )
    PLACE_DAILY = (
        "The admins of this place let {most} questions be asked here in 24 hours, and they have been. "
        "Please ask again in {wait}."
    )
    PLACE_GATEWAY_GONE = (
        "The gateway {gateway} that the admins of this place chose is not offered any more: "
        "the usual one answers here again."
    )

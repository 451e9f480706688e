"""A frontend of aivax-bots for Telegram: a bot of BotFather's, over the Bot API."""

NAME = "telegram"

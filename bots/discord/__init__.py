"""The Discord frontend: mentions, replies to the bot and direct messages, answered by post-and-edit."""

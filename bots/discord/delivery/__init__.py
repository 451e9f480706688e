"""Answers on Discord: channels, interactions, threads, ephemeral messages."""

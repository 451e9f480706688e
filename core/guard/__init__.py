"""Keeps e-mail addresses, phone numbers, card numbers and keys from the gateway."""

"""Messages as Discord's gateway sends them, and what becomes of them."""

"""What admins of a server or channel may set for it in chat, and what they have set."""

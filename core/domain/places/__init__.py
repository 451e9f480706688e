"""What is set for a server or channel in chat, and who may set it."""

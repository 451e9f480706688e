"""What the sandbox keeps of people, by their external user id: the log of conversations, and files of the shell."""

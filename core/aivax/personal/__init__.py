"""What AIVAX keeps of one person: memories, logged conversations, files of its shell. Only ever one person's."""

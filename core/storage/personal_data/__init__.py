"""What is stored of people: the registry of it, and how it is exported, deleted and overwritten."""

"""Programs that run in the process under test, and print what they used."""

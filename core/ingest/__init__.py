"""Events become turns, commands and decisions: what each platform's frontend hands in ends here."""

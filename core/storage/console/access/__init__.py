"""Who may use the console, with what, and who does, as rows."""

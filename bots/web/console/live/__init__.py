"""Parts of pages that change by themselves: one reader of the database, and what it found sent to all who look."""

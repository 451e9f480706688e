"""What was learnt: which files and threads, as which documents of which collection, and what became of them since."""

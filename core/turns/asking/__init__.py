"""Which model a question is put to."""

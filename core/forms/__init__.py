"""Structured answers: what an operator's form asks for, checked against its schema, shown and attached."""

"""Answers of every kind as servers send them, each beside what a person reads of it."""

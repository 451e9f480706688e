"""Turns as rows: taken in, claimed in fair order, held by breakers, ended with what is shown."""

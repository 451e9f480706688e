"""Dispatch by an engine: what this project knows of Procrastinate's tables. It takes turns to no state: rows do."""

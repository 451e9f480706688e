"""How work reaches the worker pool where jobs carry it, and how claims wait for each other."""

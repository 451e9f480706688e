"""When a turn may run: what the operator allows, what AIVAX allows, and what the account can pay for."""

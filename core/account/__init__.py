"""The account in chat, for operators: what it has, what was spent and by whom, its gateways and models."""

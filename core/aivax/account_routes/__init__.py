"""What the account tells of itself below `/api/v1`, and of what it can ask: usage, gateways, models."""

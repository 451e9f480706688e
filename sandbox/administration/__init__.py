"""The routes that tell of the account: its usage, its gateways, its models."""

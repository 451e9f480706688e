"""How the machine reaches servers: the certificates that it trusts, and the proxies that stand between."""

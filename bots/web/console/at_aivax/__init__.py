"""Pages of what lies at AIVAX: its gateways, and what was learnt into collections."""

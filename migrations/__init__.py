"""The database's schema, version by version. `aivax-bots db upgrade` applies what is missing."""

"""The tables of single capabilities and of the console, a module each, in the metadata of `core.storage.db.tables`."""

"""The tables of single capabilities, a module each, in the metadata of `core.storage.db.tables`."""

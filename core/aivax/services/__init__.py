"""AIVAX' smaller services, a module each, over `core.aivax.admin`."""

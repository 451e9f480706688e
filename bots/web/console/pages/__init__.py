"""The console's pages, a module each: what is read for it, and what its forms do."""

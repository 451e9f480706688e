"""The account's collections: their documents, and searches over them."""

"""What people may ask about their own data at AIVAX: to have it deleted, and to see what is remembered of them."""

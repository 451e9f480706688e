"""What keeps the console safe: hosts and origins, cookies, tokens, passwords, headers, and the guard of each route."""

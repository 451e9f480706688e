"""`aivax-bots new-frontend`: a package of one's own for another platform, that runs and passes the contract suites."""

"""The command line: `aivax-bots` and its subcommands."""

"""What a user would pick instead, in the form of the vendors' own quick starts. Each runs by itself."""

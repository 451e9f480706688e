"""Where the core's state lives: one engine, one set of tables, one repository for each port."""

"""What the sandbox's gateway calls during a completion: listings of functions, callbacks, MCP servers, a worker."""

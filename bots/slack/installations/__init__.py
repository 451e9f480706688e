"""Where the workspaces stand that installed the app: their tokens, encrypted, in our own database."""

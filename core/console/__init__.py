"""What the web console may read and do: protocols that `core.storage.console` and others keep."""

"""What stands around the process under test: gateway, platforms, databases. None of it is measured."""

"""What platforms, servers and models really send, each beside what it must become: read tests/corpus/README.md."""

"""What each kind of event writes, inside the transaction that takes it in."""

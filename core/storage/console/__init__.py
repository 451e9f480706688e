"""What the web console reads, and who may sign in to it. Each query has an index; none walks through all rows."""

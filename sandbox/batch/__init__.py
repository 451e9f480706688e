"""Batches of the sandbox: workflows, their jobs, and the items that they work through."""

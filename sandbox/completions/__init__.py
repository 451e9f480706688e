"""Chat completions of the sandbox: the question read, the answer made, sent and refused."""

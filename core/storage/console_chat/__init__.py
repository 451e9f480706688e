"""The chat in the web console, as rows: what its frontend posts, what people say there, and the files of both."""

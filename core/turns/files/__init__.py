"""Files below an answer: those that the model made, and those that lie behind links of its tools."""

"""An answer in Slack's native streams, one after the other until all of it is said."""

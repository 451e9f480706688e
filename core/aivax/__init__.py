"""All that this project knows of the AIVAX service: its wire, its keys, its errors.

Start reading at `client.AivaxClient`; `stream.TimelineParser` is where bytes become an answer's events.
"""

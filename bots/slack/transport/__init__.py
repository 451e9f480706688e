"""Calls to Slack's Web API: tokens, rate limits, and foreign errors as ours."""

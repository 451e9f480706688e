"""Stands in for the AIVAX gateway on this machine: speaks its wire, makes up its answers, fails on request.

It imports neither `core` nor `bots`, so that the client and its stand-in cannot share a mistake.
Start reading at `server.serve`; the routes are in `app`, what is said is in `answers`.
"""

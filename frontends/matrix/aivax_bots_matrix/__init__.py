"""A frontend of aivax-bots for Matrix."""

NAME = "matrix"

"""The plots of the overview: what is drawn, and how."""

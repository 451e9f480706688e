"""What is kept of platforms: who installed the app, and what is still to be looked for there."""

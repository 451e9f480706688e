"""How servers refuse: the shapes of their bodies, the words of their causes, and how they tell how long to wait."""

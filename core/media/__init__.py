"""Pictures and speech that people ask for, and words for what a model can neither hear nor see."""

"""What one process tells of itself to those who watch it: health, metrics, and what operators hear of silence."""

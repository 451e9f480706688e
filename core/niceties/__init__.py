"""What makes a chat pleasant and no answer depends on."""

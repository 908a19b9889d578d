"""What can be known BEFORE the night."""

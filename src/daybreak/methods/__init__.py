"""HOW it is found: methods propose trials and know problems, never storage."""

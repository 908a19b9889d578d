"""The NIGHT: claims trials, runs them, records them."""

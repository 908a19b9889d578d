"""The commands, by what they are for; `daybreak.cli` puts them together."""

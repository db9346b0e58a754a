"""The commands, one thin file each, and the console, the one place that prints."""

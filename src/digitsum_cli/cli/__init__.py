"""The commands, one thin file each, and the console, the only place that prints."""

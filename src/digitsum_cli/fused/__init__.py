"""The compiled trainer: forward, backward and Adam of many trials at once."""

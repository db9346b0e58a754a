"""The page of ``digitsum report``: one HTML file that needs nothing else, not even a network."""

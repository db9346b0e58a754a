"""The page of ``digitsum report``: one self-contained HTML file that works offline."""

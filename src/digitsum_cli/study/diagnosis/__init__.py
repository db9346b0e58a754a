"""Why the networks of a run forgot: every checkpoint diagnosed, saved, in tables and figures."""

"""Many trials, one answer: the plan, its execution, the store, and what is read from it."""

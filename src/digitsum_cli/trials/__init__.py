"""The nouns that the rooms above hand each other: trial, plan, outcome, and rows of results."""

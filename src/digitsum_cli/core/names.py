"""The names that settings may use for what the core builds. Free of torch, so that settings are checked at once."""

CELLS = ("srn", "lstm", "gru")
FUSED = "fused"
FUSED_CELLS = ("srn",)
IMPLEMENTATIONS = ("manual", "torch", FUSED)
INITIALISATIONS = ("book",)
DEVICES = ("cpu", "cuda", "mps", "auto")

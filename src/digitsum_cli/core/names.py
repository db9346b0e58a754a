"""The names that settings may use for what the core builds; free of torch, so that settings are checked at once."""

CELLS = ("srn", "lstm", "gru")
GATES = {"srn": (), "lstm": ("i", "f", "o", "c"), "gru": ("r", "z", "n")}
"""The subscripts of the hand-written cells' parameters, in the order in which they are drawn."""
MEMORY_CELL = "cell"
"""What an LSTM's ``c_t`` is called where it is shown beside the gates."""

TORCH = "torch"
FUSED = "fused"
IMPLEMENTATIONS = ("manual", TORCH, FUSED)
ACTIVATIONS = ("tanh", "relu")
INITIALISATIONS = ("book", "torch", "orthogonal", "identity")
CHRONO = "chrono"
DEVICES = ("cpu", "cuda", "mps", "auto")
OPTIMIZERS = ("adam", "sgd")
LR_SCHEDULES = ("constant", "cosine")
LOSSES = ("mean", "sum")
ROWS = ("fixed", "fresh")

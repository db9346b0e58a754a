"""The weights that trials start from, if they are given instead of drawn."""

from dataclasses import replace

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.registry import MANUAL, TORCH
from digitsum_cli.trials.plan import Plan
from digitsum_cli.trials.trial import Trial


def starting_weights(plan: Plan) -> dict[str, Weights]:
    """The weights that trials start from, by identity; those that start with drawn weights are left out.

    Raises:
        InputError: a checkpoint does not match the network of a trial.
    """
    return {
        trial.identity: convert_weights(trial, plan.starts[trial.start_digest])
        for trial in plan.trials
        if trial.start_digest is not None
    }


def convert_weights(trial: Trial, weights: Weights) -> Weights:
    """Weights of any implementation, with the names and shapes of a trial's own.

    Raises:
        InputError: they do not match the trial's network, or its implementation has no equivalent.
    """
    from digitsum_cli.core.weights import copy_network, copy_weights, load_weights, shapes_of_tensors
    from digitsum_cli.execution.training import build_trial_classifier

    model = build_trial_classifier(trial)
    source = f"the checkpoint in train.start_from (cell {trial.model.cell}, hidden size {trial.model.hidden_size})"
    if weights.keys() == shapes_of_tensors(model.state_dict()).keys():
        load_weights(model, weights, source)
        return copy_weights(model)
    other_impl = MANUAL if trial.model.impl == TORCH else TORCH
    other = build_trial_classifier(replace(trial, model=trial.model.model_copy(update={"impl": other_impl})))
    load_weights(other, weights, source)
    copy_network(other, model)
    return copy_weights(model)

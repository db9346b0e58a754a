"""The identity of a trial: what changes it, and what must not."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import create_model

from digitsum_cli.errors import InputError
from digitsum_cli.settings import schema
from digitsum_cli.settings.schema import DrawingSettings, ModelSettings, TrainSettings
from digitsum_cli.trials import identity as identity_module
from digitsum_cli.trials.first_format import to_first_format
from digitsum_cli.trials.identity import identity_of
from digitsum_cli.trials.plan import plan_trials
from digitsum_cli.trials.trial import Trial
from tests.small_study import settings_of


@pytest.fixture(scope="module")
def trial() -> Trial:
    return plan_trials(settings_of("data.lengths=5", "train.seed=0")).trials[0]


def test_identity_is_that_of_the_first_release(trial: Trial) -> None:
    """It is the name of files in the world: length 5, SRN, manual, 3 epochs, the book's data."""
    assert trial.identity == identity_of(trial.to_dict())
    flat, added_later = to_first_format(trial.to_dict())
    assert {"cell", "impl", "lr", "early_stop", "rows", "data_digest"} < flat.keys()
    assert added_later == {
        "data.task": "digit-sum",
        "data.distractors": 1,
        "data.scoring_rows": 100_000,
        "model.input_scale": 1.0,
        "train.start_from": None,
        "train.curriculum": "none",
        "train.curriculum_start": 3,
        "train.curriculum_share": 0.5,
    }


def test_every_setting_of_a_training_changes_the_identity(trial: Trial) -> None:
    identities = {trial.identity}
    for section in ("model", "train", "drawing"):
        settings = getattr(trial, section)
        for name in type(settings).model_fields:
            if name != "log_every":
                other = settings.model_copy(update={name: (("rate", 1),) if name == "options" else "another value"})
                identities.add(identity_of({**trial.to_dict(), section: {**other.model_dump(warnings=False)}}))
    fields = sum(len(section.model_fields) for section in (ModelSettings, TrainSettings, DrawingSettings)) - 1
    assert len(identities) == 1 + fields
    assert replace(trial, length=6).identity not in identities
    assert replace(trial, data_digest="0" * 64).identity not in identities


def test_a_setting_that_is_added_with_a_default_changes_no_identity(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a value other than its default does."""
    later: Any = create_model("Later", __base__=TrainSettings, momentum=(float, 0.0))
    leaves = {**schema.leaf_keys(), "train.momentum": later.model_fields["momentum"]}
    monkeypatch.setattr(identity_module, "leaf_keys", lambda: leaves)

    def with_momentum(value: float) -> dict[str, Any]:
        values = trial.to_dict()
        return {**values, "train": {**values["train"], "momentum": value}}

    assert identity_of(with_momentum(0.0)) == trial.identity
    assert identity_of(with_momentum(0.9)) != trial.identity


def test_a_trial_from_before_a_setting_was_added_has_its_default(trial: Trial) -> None:
    values = trial.to_dict()
    del values["drawing"]["task"], values["train"]["patience"]
    assert Trial.from_dict(values) == trial


def test_an_unknown_setting_is_taken_for_a_newer_one(trial: Trial) -> None:
    values = trial.to_dict()
    values["train"]["momentum"] = 0.9
    with pytest.raises(InputError, match="written by a newer digitsum"):
        Trial.from_dict(values)


@pytest.mark.parametrize("values", ["xcell", ["cell"], {}, {"cell": "srn", "model": 5, "impl": "manual"}, 7, None])
def test_what_is_no_trial_is_an_input_error(values: Any) -> None:
    with pytest.raises(InputError, match="invalid trial settings"):
        Trial.from_dict(values)

"""The setting of a trial: all that decides it but its length and its seed, as columns and in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from digitsum_cli.settings.schema import DataSettings, DrawingSettings, ModelSettings, Settings, TrainSettings
from digitsum_cli.trials.trial import Trial

Value = bool | int | float | str | None

_NOT_OF_A_SETTING = {"seed", "log_every", "record_gradients"}
_NOT_IN_TITLES = {"eval_every"}


@dataclass(frozen=True)
class Setting:
    """What trials have in common that differ only in length and seed.

    Arguments:
        model, train, drawing: as in a trial; what is of no setting, such as the seed, has its default.
        k_train, k_eval, k_test: rows for each pair of first digits; None for data read from files.
        data_seed: of the random stream; None for data read from files.
    """

    model: ModelSettings
    train: TrainSettings
    drawing: DrawingSettings
    k_train: int | None
    k_eval: int | None
    k_test: int | None
    data_seed: int | None

    @classmethod
    def of(cls, trial: Trial) -> "Setting":
        """The setting of a trial."""
        data = trial.data
        k = (data.k_train, data.k_eval, data.k_test, data.seed) if data else (None,) * 4
        return cls(trial.model, _without(trial.train), trial.drawing, *k)

    @cached_property
    def columns(self) -> dict[str, Value]:
        """Its values by column."""
        train = self.train.model_dump(exclude=_NOT_OF_A_SETTING)
        k = {"k_train": self.k_train, "k_eval": self.k_eval, "k_test": self.k_test}
        return {**self.model.model_dump(), **train, **self.drawing.model_dump(), **k, "data_seed": self.data_seed}

    def in_words(self, columns: Iterable[str]) -> str:
        """The values of some columns; empty if there are none."""
        return ", ".join(f"{column.replace('_', ' ')} {value_in_words(self.columns[column])}" for column in columns)


def _without(train: TrainSettings) -> TrainSettings:
    defaults = {name: TrainSettings.model_fields[name].default for name in _NOT_OF_A_SETTING}
    return train.model_copy(update=defaults)


def _of_the_book() -> Setting:
    settings = Settings()
    k = settings.data.k
    return Setting(
        settings.model,
        settings.train,
        DrawingSettings(),
        k.train,
        k.eval,
        k.test,
        DataSettings().seed,
    )


BOOK = _of_the_book()

SETTING_COLUMNS = tuple(BOOK.columns)


def varied_columns(settings: Iterable[Setting]) -> list[str]:
    """The columns in which settings differ, in the order of the columns."""
    different = set(settings)
    return [column for column in SETTING_COLUMNS if len({setting.columns[column] for setting in different}) > 1]


def shared_settings(settings: Sequence[Setting]) -> str:
    """In words, what settings have in common: cell, implementation, hidden size, epochs, and what is not the book's.

    Arguments:
        settings: one or more.
    """
    varied = varied_columns(settings)
    first = settings[0]
    words = {
        "cell": first.model.cell.upper(),
        "impl": f"impl {first.model.impl}",
        "hidden_size": f"hidden size {first.model.hidden_size}",
        "epochs": f"{first.train.epochs} epochs",
    }
    for column, of_the_book in BOOK.columns.items():
        value = first.columns[column]
        if column not in _NOT_IN_TITLES and value is not None and value != of_the_book:
            words.setdefault(column, first.in_words([column]))
    return ", ".join(text for column, text in words.items() if column not in varied)


def settings_and_seeds(settings: Sequence[Setting], label: str, seeds: Iterable[int]) -> str:
    """In words, what a figure shows: what all settings have in common, what sets its own apart, and the seeds."""
    different = sorted(set(seeds))
    parts = [
        shared_settings(settings),
        label,
        f"{len(different)} seeds" if len(different) > 1 else f"seed {different[0]}",
    ]
    return ", ".join(part for part in parts if part)


def value_in_words(value: object) -> str:
    """The value of a setting, as a table shows it."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "on", False: "off"}[value]
    return str(value).removesuffix(".0")

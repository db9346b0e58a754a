"""The setting of a trial: everything that defines it except its length and seed, as columns and in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from digitsum_cli.core.registry import cell_in_words
from digitsum_cli.settings.schema import DataSettings, DrawingSettings, ModelSettings, Settings, TrainSettings
from digitsum_cli.trials.trial import Trial

Value = bool | int | float | str | None

_EXCLUDED = {"seed", "log_every", "record_gradients"}
_DIGITS_OF_DIGEST = 12
"""Of the digest that names the weights that a trial starts from, in columns."""

_OMITTED_FROM_TITLES = {"eval_every"}


@dataclass(frozen=True)
class Setting:
    """What trials that differ only in length and seed have in common.

    Arguments:
        model, train: as in a trial, with excluded values, such as the seed, at their defaults; ``start_from`` is the
            beginning of the digest.
        drawing: as in a trial.
        k_train, k_eval, k_test: rows per pair of first digits; None for data read from files.
        data_seed: seed of the random stream; None for data read from files.
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
        train = _with_defaults(trial.train)
        if trial.start_digest:
            train = train.model_copy(update={"start_from": trial.start_digest[:_DIGITS_OF_DIGEST]})
        return cls(trial.model, train, trial.drawing, *k)

    @cached_property
    def columns(self) -> dict[str, Value]:
        """The values by column."""
        train = self.train.model_dump(exclude=_EXCLUDED)
        k = {"k_train": self.k_train, "k_eval": self.k_eval, "k_test": self.k_test}
        options = ", ".join(f"{name} {value_in_words(value)}" for name, value in self.model.options)
        return {
            **self.model.model_dump(exclude={"options"}),
            **train,
            **self.drawing.model_dump(),
            **k,
            "data_seed": self.data_seed,
            "options": options or None,
        }

    def in_words(self, columns: Iterable[str]) -> str:
        """The values of the given columns as text, such as ``hidden size 16, lr 0.1``; empty without columns."""
        words = {column: f"{column.replace('_', ' ')} {value_in_words(self.columns[column])}" for column in columns}
        return ", ".join(
            value_in_words(self.columns["options"]) if column == "options" else text for column, text in words.items()
        )


def _with_defaults(train: TrainSettings) -> TrainSettings:
    defaults = {name: TrainSettings.model_fields[name].default for name in _EXCLUDED}
    return train.model_copy(update=defaults)


def _book_setting() -> Setting:
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


BOOK = _book_setting()

SETTING_COLUMNS = tuple(BOOK.columns)


def varied_columns(settings: Iterable[Setting]) -> list[str]:
    """The columns in which the settings differ, in column order."""
    different = set(settings)
    return [column for column in SETTING_COLUMNS if len({setting.columns[column] for setting in different}) > 1]


def shared_settings(settings: Sequence[Setting]) -> str:
    """Describes what settings have in common: cell, implementation, hidden size, epochs, and changes from the book.

    Arguments:
        settings: one or more.
    """
    varied = varied_columns(settings)
    first = settings[0]
    words = {
        "cell": cell_in_words(first.model.cell),
        "impl": f"impl {first.model.impl}",
        "hidden_size": f"hidden size {first.model.hidden_size}",
        "epochs": f"{first.train.epochs} epochs",
    }
    if first.drawing.task != BOOK.drawing.task:
        words["task"] = f"task {first.drawing.asked.name}"
    for column, book_value in BOOK.columns.items():
        value = first.columns[column]
        if column not in _OMITTED_FROM_TITLES and value is not None and value != book_value:
            words.setdefault(column, first.in_words([column]))
    return ", ".join(text for column, text in words.items() if column not in varied)


def settings_and_seeds(settings: Sequence[Setting], label: str, seeds: Iterable[int]) -> str:
    """The subtitle of a figure: what all settings share, the label of its own setting, and the seeds."""
    different = sorted(set(seeds))
    parts = [
        shared_settings(settings),
        label,
        f"{len(different)} seeds" if len(different) > 1 else f"seed {different[0]}",
    ]
    return ", ".join(part for part in parts if part)


def value_in_words(value: object) -> str:
    """The value of a setting as shown in a table."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "on", False: "off"}[value]
    return str(value).removesuffix(".0")

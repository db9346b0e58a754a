# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-incomplete-defs=False
"""Tasks that break their contract, each in one way; without types, as people write them."""

import numpy as np

from digitsum_cli import SequenceTask, TwoDigitTask


class SoundTask(SequenceTask):
    """The label is the parity of the number of ones among binary digits; their shares differ."""

    classes = 2
    symbols = 2
    label_name = "parity"
    label_in_words = "the parity of the number of ones"

    def label_of_rows(self, digits):
        return digits.sum(axis=1) % 2

    def sample(self, generator, length, rows):
        return (generator.random_sample((rows, length)) < 0.25).astype(int)

    def enumerate(self, length):
        digits = np.indices((2,) * length).reshape(length, -1).T
        ones = digits.sum(axis=1)
        return (digits, 3.0 ** (length - ones)) if length < 10 else None


class EqualWeights(SoundTask):
    def enumerate(self, length):
        found = super().enumerate(length)
        return found and (found[0], np.ones(len(found[1])))


class MissingRow(SoundTask):
    def enumerate(self, length):
        found = super().enumerate(length)
        return found and (found[0][1:], found[1][1:])


class RepeatedRow(SoundTask):
    def enumerate(self, length):
        weights = super().enumerate(3)[1]
        return np.zeros((len(weights), length), int), weights


class GlobalRandomness(SoundTask):
    def sample(self, generator, length, rows):
        return (np.random.random((rows, length)) < 0.25).astype(int)

    enumerate = SequenceTask.enumerate


class AlwaysTheSame(SoundTask):
    def sample(self, generator, length, rows):
        return (np.random.RandomState(0).random_sample((rows, length)) < 0.25).astype(int)

    enumerate = SequenceTask.enumerate


class OneRowTooFew(SoundTask):
    def sample(self, generator, length, rows):
        return super().sample(generator, length, rows - 1)


class DigitTooLarge(SoundTask):
    def sample(self, generator, length, rows):
        return 2 * super().sample(generator, length, rows)


class Fractions(SoundTask):
    def sample(self, generator, length, rows):
        return generator.random_sample((rows, length))


class LabelTooLarge(SoundTask):
    def label_of_rows(self, digits):
        return digits.sum(axis=1)


class LabelsByRank(SoundTask):
    def label_of_rows(self, digits):
        return np.arange(len(digits)) % 2


class EditsDigits(SoundTask):
    def label_of_rows(self, digits):
        labels = digits.sum(axis=1) % 2
        digits[:] = 0
        return labels


class UnusedClass(SoundTask):
    classes = 3


class WithoutClasses(SequenceTask):
    def label_of_rows(self, digits):
        return digits[:, 0]

    def sample(self, generator, length, rows):
        return generator.randint(0, 10, size=(rows, length))


class WithoutSample(SequenceTask):
    classes = 2

    def label_of_rows(self, digits):
        return digits[:, 0]


class PairLabelTooLarge(TwoDigitTask):
    classes = 10
    label_name = "product"
    label_in_words = "the product of the first two digits"

    def label_of_pair(self, first, second):
        return first * second


class PrintingTask(SoundTask):
    def label_of_rows(self, digits):
        print("labels")  # noqa: T201
        return super().label_of_rows(digits)


class FailsLater(SoundTask):
    def sample(self, generator, length, rows):
        if length == 4:
            raise RuntimeError("no such length")
        return super().sample(generator, length, rows)

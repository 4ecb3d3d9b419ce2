"""Analyse the checkpoints of a run: what is there already, what is to do, and in which order."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.analysis.embedding import PERPLEXITY
from backend.analysis.material import Material
from backend.jobs.analyst import Analyst
from backend.jobs.subject import OF_RULES, Step, Subject
from backend.runs.arrays import ANALYSES
from models.checkpoint import kept
from models.config import TrainConfig, nearest
from models.data import Dataset
from models.device import keep_freed_memory, pick_device
from models.errors import CheckpointError, ConfigError, RunError
from models.imported import Imported, config_from

Planned = tuple[Subject, list[Step]]


@dataclass(frozen=True)
class AnalysisProgress:
    """Where an analysis stands. A step reports when it begins, as it goes on, and when it ends."""

    epoch: int  # for the input (layer 0), the first of the epochs that were asked for
    what: str  # a word of ANALYSES; "activity" stands for all that its pass finishes
    layer: int | None  # None: all layers of the epoch at once
    fraction: float  # of all that was to do, 0..1
    cached: bool  # it was there already
    seconds: float  # that the step took; 0 while it runs
    complete: bool = False  # everything that was wanted of this epoch is there now


def analyse(
    run_dir: Path,
    dataset: Dataset,
    epochs: Sequence[int] | None = None,
    device: str = "auto",
    only: Sequence[str] | None = None,
    seed: int = 0,
    perplexity: float = PERPLEXITY["default"],
) -> Iterator[AnalysisProgress]:
    """Do what is missing of the analyses of the input and of some epochs (default: all kept), the
    last epoch first.

    only: words of ANALYSES (default: all). Raises CheckpointError, ConfigError, DataError or
    RunError with one sentence. Closing the generator stops it; finished steps are kept.
    """
    run = Path(run_dir)
    check(perplexity)
    wanted, epochs, config = wanted_words(only), wanted_epochs(run, epochs), config_of(run)
    material = Material.of(dataset, config)
    settings = {"data": dataset.key, "seed": seed, "perplexity": perplexity}
    place = pick_device(device)
    keep_freed_memory()
    subjects = [
        Subject(run, epoch, config, material, settings, place, wanted) for epoch in (None, *epochs)
    ]
    check_rule(run, wanted, subjects)
    analysts = {subject.epoch: Analyst(subject) for subject in subjects}
    plans = [subject.steps() for subject in subjects]
    total, done = sum(step.cost for steps in plans for step in steps), 0.0

    def fraction(more: float = 0.0) -> float:
        return min((done + more) / total, 1.0) if total else 1.0

    try:
        for turn in turns(subjects, plans):
            for subject, steps in turn:
                epoch, layer = (epochs[0], 0) if subject.epoch is None else (subject.epoch, None)
                to_do = {word for step in steps for word in step.covers}
                for word in subject.wanted:
                    if word not in to_do:
                        yield AnalysisProgress(epoch, word, layer, fraction(), True, 0.0)
                if steps:
                    subject.begin()
            for subject, step in in_order(turn):
                start = time.perf_counter()
                epoch = epochs[0] if subject.epoch is None else subject.epoch
                for share in analysts[subject.epoch].do(step):
                    so_far = fraction(share * step.cost)
                    yield AnalysisProgress(epoch, step.what, step.layer, so_far, False, 0.0)
                seconds = time.perf_counter() - start
                done += step.cost
                subject.note({step.what: seconds})
                yield AnalysisProgress(epoch, step.what, step.layer, fraction(), False, seconds)
            for subject, steps in turn:
                subject.finish()
                if (epoch := subject.epoch) is not None:
                    there = not steps
                    yield AnalysisProgress(epoch, wanted[-1], None, fraction(), there, 0.0, True)
    finally:
        for analyst in analysts.values():
            analyst.close()


def turns(subjects: Sequence[Subject], plans: Sequence[list[Step]]) -> Iterator[list[Planned]]:
    """What is done together: the input and the first epoch, then each other epoch."""
    planned = list(zip(subjects, plans, strict=True))
    yield planned[:2]
    for one in planned[2:]:
        yield [one]


def in_order(turn: list[Planned]) -> list[tuple[Subject, Step]]:
    """Their steps, analysis by analysis and layer by layer: a first checkpoint can be looked at as
    soon as its units are there, before the slow work on the input."""
    steps = [(subject, step) for subject, plan in turn for step in plan]
    return sorted(steps, key=lambda pair: ANALYSES.index(pair[1].what))


def check(perplexity: float) -> None:
    least, most = PERPLEXITY["least"], PERPLEXITY["most"]
    if not least <= perplexity <= most:  # nor is NaN
        raise ConfigError(f"perplexity must be from {least:g} to {most:g}, not {perplexity:g}")


def check_rule(run: Path, wanted: tuple[str, ...], subjects: Sequence[Subject]) -> None:
    """Raise RunError where nothing was asked for but one of OF_RULES, and there is none to tell."""
    if len(wanted) > 1 or wanted[0] not in OF_RULES:
        return
    (word,) = wanted
    reasons = [subject.lacking(word) for subject in subjects if subject.epoch is not None]
    if all(reasons):
        raise RunError(f"nothing can be told about the {word} of run {run.name}: {reasons[0]}")


def wanted_words(only: Sequence[str] | None) -> tuple[str, ...]:
    """The analyses to do, in the order of ANALYSES."""
    for word in only or ():
        if word not in ANALYSES:
            raise ConfigError(f"unknown analysis {word!r}; {nearest(word, ANALYSES)}")
    return tuple(word for word in ANALYSES if not only or word in only)


def wanted_epochs(run: Path, epochs: Sequence[int] | None) -> list[int]:
    """The epochs to analyse, the last first, then ascending; all must have been kept."""
    there = kept(run)
    listed = ", ".join(map(str, there)) or "none"
    if missing := sorted(set(epochs or ()) - set(there)):
        raise CheckpointError(
            f"epoch {missing[0]} was asked for, but run {run.name} keeps epochs: {listed}"
        )
    if not there:
        raise CheckpointError(f"run {run.name} keeps no checkpoint yet; train it first")
    *others, last = sorted(set(epochs)) if epochs else there
    return [last, *others]


def config_of(run: Path) -> TrainConfig | Imported:
    """How the run was trained, or what it imported, from its run.json."""
    try:
        about = json.loads((run / "run.json").read_bytes())
        about["config"]  # every run has one
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"run.json of run {run.name} cannot be read ({error!r}); train a new run"
        ) from None
    return config_from(about)

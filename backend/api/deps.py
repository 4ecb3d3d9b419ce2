"""What the handlers ask for: the parts of the server, and the analysed checkpoint of a request."""

import threading
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, Path, Query, Request

from backend.api.shelf import Shelf
from backend.errors import NotFoundError, RunError
from backend.jobs.examples import Examples
from backend.jobs.queue import Queue
from backend.jobs.supervisor import Supervisor
from backend.jobs.trials import Trials
from backend.jobs.uploads import Uploads
from backend.runs.alike import Alike
from backend.runs.catalogue import Catalogue, readable
from backend.runs.folder import RunFolder
from backend.runs.results import Results
from backend.settings import Settings
from models.data import DATASETS
from models.imported import config_from
from models.presets import Sites, patch_sites, sites_of


@dataclass(frozen=True)
class Service:
    """The parts of one server."""

    settings: Settings
    catalogue: Catalogue
    queue: Queue
    shelf: Shelf
    supervisor: Supervisor
    uploads: Uploads
    trials: Trials
    examples: Examples
    alike: Alike
    closing: threading.Event  # set when the server ends: streams end with it


def service_of(request: Request) -> Service:
    return request.app.state.service


InService = Annotated[Service, Depends(service_of)]
RunId = Annotated[str, Path(description="Id of a run.", max_length=200)]
Epoch = Annotated[int | None, Query(description="Epoch of the checkpoint; default: the last.")]
PER_UNIT = {  # an array of each file that has one entry a unit
    **{"responses": "level", "maximizers": "top_image"},
    **{"selectivity": "sparseness", "tuning": "peak"},
}
Losses = dict[int, list[float]]  # of each layer, by epoch


class Analysed:
    """One analysed checkpoint of a run. Layer 0 is the input, the others those of the encoder.

    `epochs` are those that are complete, `begun` those of which some results are there.
    """

    def __init__(self, folder: RunFolder, losses: Losses, epoch: int | None) -> None:
        self.run, self.results, self.losses = folder.id, Results(folder.path), losses
        self.folder = folder
        self.config = config_from(folder.about())
        self.epochs, self.begun = self.results.standing()
        there = [*self.epochs, *self.begun]
        if not there:
            raise NotFoundError(
                f"run {self.run} has no analysed checkpoint yet; wait for it, or run: "
                f"saccade analyse {self.run}"
            )
        if epoch is not None and epoch not in there:
            raise NotFoundError(
                f"run {self.run} has no analysed epoch {epoch}; choose one of: "
                f"{', '.join(map(str, sorted(there)))}"
            )
        self.epoch = (self.epochs or self.begun)[-1] if epoch is None else epoch

    def whole(self) -> "Analysed":
        """Itself. Raises NotFoundError where analyses of this checkpoint are missing."""
        if self.epoch in self.begun:
            raise NotFoundError(
                f"epoch {self.epoch} of run {self.run} is not analysed to its end; wait for it, or "
                f"run: saccade analyse {self.run}"
            )
        return self

    def not_yet(self, what: str) -> str:
        """Why something of this checkpoint, which is not complete, cannot be told: a sentence."""
        return (
            f"The {what} of epoch {self.epoch} are not made yet; where no analysis is under way, "
            f"make them with: saccade analyse {self.run}"
        )

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each layer; those of the input are its channels."""
        return self.config.channels, *self.config.widths

    @property
    def image(self) -> tuple[int, int]:
        """Height and width of the stored images, pixels."""
        height, width = self.summary().get("image", (96, 96))
        return height, width

    @property
    def crop(self) -> int:
        """Side of the view at the centre of an image, pixels."""
        return min(self.config.crop, *self.image)

    @property
    def sites(self) -> tuple[Sites, ...]:
        """Where the responses of each layer sit on the view."""
        told = self.summary().get("spans")  # of an imported network
        if told:
            return tuple(Sites(tuple(map(tuple, spans))) for spans in told)
        return patch_sites(self.crop), *sites_of(self.config.sees, self.crop)

    @property
    def names(self) -> tuple[str, ...]:
        """What each layer is called."""
        own = getattr(self.config, "layers", None)
        return "Input", *(own or (f"Layer {layer}" for layer in self.layers[1:]))

    @property
    def layers(self) -> range:
        return range(len(self.widths))

    @property
    def keeps_rule(self) -> bool:
        """Whether the rule's own weights were kept with the encoder."""
        return self.folder.keeps_rule(self.epoch)

    def layer(self, layer: int) -> int:
        if layer not in self.layers:
            raise NotFoundError(f"there is no layer {layer}; layers are 0 to {self.layers[-1]}")
        return layer

    def unit(self, layer: int, unit: int) -> int:
        if not 0 <= unit < self.widths[self.layer(layer)]:
            last = self.widths[layer] - 1
            raise NotFoundError(f"layer {layer} has no unit {unit}; its units are 0 to {last}")
        return unit

    def summary(self, layer: int = 1) -> dict[str, Any]:
        return readable(self.results.summary(None if layer == 0 else self.epoch))

    @property
    def about(self) -> str | None:
        """What must be known of the data set before figures about its classes are read."""
        source = DATASETS.get(self.summary()["dataset"])  # one with a path has another key
        return source.about or None if source else None

    def map_parameters(self, layer: int) -> dict[str, Any]:
        """How the map of a layer was made; earlier analyses told it of all layers at once."""
        told = self.summary(layer)["parameters"]
        return told.get("maps", {}).get(str(layer), told.get("embedding", {}))

    def read(self, what: str, layer: int, epoch: int | None = None) -> dict[str, np.ndarray]:
        found = self.results.read(what, self.epoch if epoch is None else epoch, self.layer(layer))
        if what in PER_UNIT:
            self.agree(what, layer, len(found[PER_UNIT[what]]))
        return found

    def agree(self, what: str, layer: int, units: int) -> None:
        """Raises RunError where stored arrays are of another network than run.json tells of."""
        if units != self.widths[layer]:
            raise RunError(
                f"run.json of run {self.run} tells of {self.widths[layer]} units in layer {layer}, "
                f"and {what}-{layer}.npz of {units}; put back the run.json that belongs to this run"
            )

    def read_if_there(self, what: str, layer: int) -> dict[str, np.ndarray] | None:
        """The same, or None where the run was analysed before there was such an analysis."""
        there = self.results.path(what, self.epoch, self.layer(layer)).exists()
        return self.read(what, layer) if there else None

    def probe(self, layer: int, epoch: int | None = None) -> dict[str, Any] | None:
        """Accuracy of the linear probe with its interval; None where there are no labels."""
        epoch = self.epoch if epoch is None else epoch
        if not self.results.path("probe", epoch, layer).exists():
            return None
        found = self.read("probe", layer, epoch)
        return {name: float(found[name]) for name in ("accuracy", "low", "high")}

    def response(self, layer: int, unit: int) -> np.ndarray:
        """Mean response of one unit to every test image, float32 [n]."""
        stored = self.read("responses", layer)
        response = stored["offset"][unit] + stored["scale"][unit] * stored["level"][unit]
        return response.astype(np.float32)

    def loss(self, layer: int) -> float | None:
        """Mean loss of a layer in the epoch that led to this checkpoint."""
        losses = self.losses.get(self.epoch, [])
        first = len(self.widths) - len(losses)  # a rule whose loss is at the top has one
        return losses[layer - first] if 0 < first <= layer else None

    def random(self, layer: int) -> dict[str, Any] | None:
        """The same of the untrained encoder, which is the run's own at epoch 0."""
        return self.probe(layer, 0) if 0 in self.epochs and layer else None


def analysed(service: InService, run: RunId, epoch: Epoch = None) -> Analysed:
    folder = service.catalogue.folder(run)
    return Analysed(folder, service.catalogue.timeline(folder).losses, epoch)


OfCheckpoint = Annotated[Analysed, Depends(analysed)]


def whole(seen: OfCheckpoint) -> Analysed:
    return seen.whole()


OfWhole = Annotated[Analysed, Depends(whole)]  # what leaves the page, or stands beside another

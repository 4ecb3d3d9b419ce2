"""How torchvision comes to be imported where its compiled part does not fit the torch beside it.

Its wheel on the public index is built against CUDA. Under a CPU-only torch the compiled part
cannot load, and torchvision stops at the first operator it wants to describe: "operator
torchvision::nms does not exist". Declaring the two operators it asks for is enough for data sets,
transforms and models; the operators themselves (boxes, image decoding) stay unusable.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_declared = []  # a library's declarations live as long as the object that made them


def torchvision_datasets() -> ModuleType:
    """The module `torchvision.datasets`; imports torch, so only what reads or fetches asks."""
    mend()
    import torchvision.datasets

    return torchvision.datasets


def torchvision_models() -> ModuleType:
    """The module `torchvision.models`."""
    mend()
    import torchvision.models

    return torchvision.models


@cache
def mend() -> None:
    """Declare the operators that torchvision asks for, where they are not there."""
    import torch

    if not compiled_part_loads():
        library = torch.library.Library("torchvision", "FRAGMENT")
        for schema in OPERATORS:
            library.define(schema)
        _declared.append(library)


def compiled_part_loads() -> bool:
    """Whether torchvision's operators exist, once its _C library has been tried."""
    import torch

    found = find_spec("torchvision")  # without importing it
    folder = Path(found.submodule_search_locations[0])
    for file in sorted([*folder.glob("_C*.so"), *folder.glob("_C*.pyd")]):
        try:
            torch.ops.load_library(str(file))
        except OSError:
            continue
    return hasattr(torch.ops.torchvision, "nms")

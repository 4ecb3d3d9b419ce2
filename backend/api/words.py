"""The words a new run can be made of: rules, encoders, and every setting with its range."""

from fastapi import APIRouter
from pydantic import BaseModel

from models.config import SETTINGS
from models.presets import ENCODERS
from models.rules import RULES

router = APIRouter(tags=["words"])


class RuleWord(BaseModel):
    word: str
    sentence: str
    loss_at: str
    crosses: bool
    samples: str
    labels: bool  # does it learn from labels?
    options: dict[str, list[str]]  # settings that it has, with their words, its own choice first
    own: dict[str, int | str]  # its values of settings that every rule has


class EncoderWord(BaseModel):
    word: str
    sentence: str
    widths: list[int]


class SettingRow(BaseModel):
    name: str
    type: str
    default: int | float | str
    unit: str
    minimum: float | None
    maximum: float | None
    choices: list[str]
    rules: list[str]  # the rules that have it; empty: all
    help: str
    torchrun: bool  # only of use where torchrun starts several processes; the page leaves it out


@router.get("/rules", response_model=list[RuleWord])
def rules():
    """The learning rules."""
    return [vars(row) for row in RULES.values()]


@router.get("/encoders", response_model=list[EncoderWord])
def encoders():
    """The encoders, with the units of each layer."""
    return [vars(row) for row in ENCODERS.values()]


@router.get("/settings/train", response_model=list[SettingRow])
def train_settings():
    """Every setting of a training run: type, default, unit, range and help."""
    return [vars(row) for row in SETTINGS]

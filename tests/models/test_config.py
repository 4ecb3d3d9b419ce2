"""One table of settings, checked at the door with a sentence."""

import pytest

from models.config import SETTINGS, TrainConfig, kept_epochs
from models.errors import ConfigError
from models.recipes import RECIPES


def test_defaults_are_the_papers_where_it_has_one():
    config = TrainConfig()
    assert (config.learning_rate, config.batch, config.steps) == (2e-4, 32, 5)
    assert (config.crop, config.colour) == (64, "grey")


def test_a_config_survives_its_own_dictionary():
    config = TrainConfig(epochs=3, colour="rgb", learning_rate=1e-3)
    assert TrainConfig.from_dict(config.to_dict()) == config


def test_every_setting_has_a_sentence_and_a_default_of_its_type():
    assert [row.name for row in SETTINGS] == list(TrainConfig().to_dict())
    for row in SETTINGS:
        assert row.help.endswith(".")
        assert row.type in {"int", "float", "text", "choice"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"epoch": 3}, ["'epoch'", "did you mean 'epochs'"]),
        ({"rule": "clap"}, ["unknown rule 'clap'", "did you mean 'clapp'"]),
        ({"encoder": "resnet"}, ["unknown encoder 'resnet'", "vgg6-small"]),
        ({"epochs": -1}, ["epochs must be at least 0", "-1"]),
        ({"epochs": "3"}, ["epochs must be of type int", "'3'"]),
        ({"epochs": True}, ["epochs must be of type int"]),
        ({"batch": 1}, ["batch must be at least 2"]),
        ({"learning_rate": float("nan")}, ["learning_rate must be a finite number"]),
        ({"learning_rate": 7}, ["learning_rate must be at most 1"]),
        ({"learning_rate": 10**400}, ["learning_rate must be of type float"]),
        ({"epochs": 10**30}, ["epochs must be at most 100000"]),
        ({"keep": "0,ten"}, ["keep must be whole numbers", "0,ten"]),
        ({"keep": "-3"}, ["negative"]),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_wanted(values, words):
    with pytest.raises(ConfigError) as error:
        TrainConfig.from_dict(values)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("word", RECIPES)
def test_every_preset_is_a_valid_run_and_says_only_what_differs_from_the_defaults(word):
    settings, defaults = RECIPES[word].settings, TrainConfig().to_dict()
    config = TrainConfig.from_dict(settings)
    assert {name: getattr(config, name) for name in settings} == settings
    assert not any(defaults[name] == value for name, value in settings.items() if name != "data")


def test_a_whole_number_is_accepted_for_a_float():
    assert TrainConfig.from_dict({"learning_rate": 1}).learning_rate == 1.0


def test_the_first_and_the_last_epoch_are_always_kept():
    assert kept_epochs(TrainConfig(epochs=20, keep="3,10,30")) == (0, 3, 10, 20)
    assert kept_epochs(TrainConfig(epochs=0, keep="")) == (0,)

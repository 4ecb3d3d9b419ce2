"""Is what an errand found told, also where it ends just as somebody looks?"""

from pathlib import Path
from types import SimpleNamespace

from backend.jobs.examples import Examples
from backend.jobs.note import write
from backend.jobs.trials import Trials


def ending(answer: Path, told: dict) -> SimpleNamespace:
    """Errands of which one has written its answer and ended when it is asked whether it goes on."""

    def at_work(_: Path) -> bool:
        answer.parent.mkdir(parents=True, exist_ok=True)
        write(answer, told)
        return False

    return SimpleNamespace(at_work=at_work)


def test_a_trial_that_ends_as_somebody_looks_is_told(home: Path) -> None:
    config = {"rule": "clapp"}
    answer = Trials(home, SimpleNamespace()).folder(config) / "answer.json"
    told = {"error": None, "speed": {"steps": 9}, "data": {"photos": {"images": 24}}}
    found = Trials(home, ending(answer, told)).find(config, "photos")
    assert (found["state"], found["speed"]) == ("measured", {"steps": 9})


def test_a_search_that_ends_as_somebody_looks_is_told(home: Path) -> None:
    folder = Examples(home, SimpleNamespace()).create()
    (folder / "original").touch()
    errands = ending(folder / "found-a-1.json", {"layers": [], "error": None})
    assert Examples(home, errands).find(folder.name, "a", 1)["state"] == "found"

"""Is what went wrong told in one sentence, with the name of what was wanted?"""

from pathlib import Path

import pytest

from tests.backend.cli.conftest import Say


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("serv", "invalid choice"),
        ("train --epochs -1", "epochs must be at least 0"),
        ("train --epochs two", "a whole number is wanted, not 'two'"),
        ("train --learning-rate fast", "a number is wanted, not 'fast'"),
        ("train --rule clap", "did you mean 'clapp'?"),
        ("train --preset stl10-gp", "did you mean 'stl10-gpu'?"),
        ("train --resume nothing --preset paper", "--preset has no place beside --resume"),
        ("train --encoder vgg6-tin", "did you mean 'vgg6-tiny'?"),
        ("train --data photo", "did you mean 'photos'?"),
        ("train --data stl10", "saccade data get stl10"),
        ("train --data {tmp}/nothing.npz", "there is no pack"),
        ("train --data {tmp}/text.npz", "is not a pack of images"),
        ("train --data {tmp}/empty", "no images"),
        ("train --resume nothing", "there is no run 'nothing'"),
        ("train --resume nothing --epochs 3", "--epochs has no place beside --resume"),
        ("train --name caf\udce9", "is not written in UTF-8"),
        ("train --data {tmp}/\udcff", "is not written in UTF-8"),
        ("serve --data {tmp}/\udcff", "is not written in UTF-8"),
        ("train --keep 1,x", "whole numbers between commas"),
        ("train --crop 40", "views of 40 pixels have 4 patch rows"),
        (
            "runs --home ~nobody-of-that-name/x",
            "--home is '~nobody-of-that-name/x', but: there is no",
        ),
        ("--home {tmp} runs", "--home goes behind the command, as in: saccade runs --home /"),
        ("runs --home {tmp}/none", "there is no folder {tmp}/none, in which the runs were looked"),
        ("runs --rebuild --home {tmp}/none", "saccade train --home {tmp}/none"),
        ("check a --home {tmp}/none", "there is no folder {tmp}/none"),
        ("place a b --home {tmp}/none", "there is no folder {tmp}/none"),
        ("analyse a --home {tmp}/none", "there is no folder {tmp}/none"),
        ("export a --share {tmp}/b --home {tmp}/none", "there is no folder {tmp}/none"),
        ("import {tmp}/none --format shared", "there is no folder {tmp}/none"),
        ("export clapp-photos --format=", "unknown format ''; choose one of: clapp2021"),
        ("train --bogus 1", "unrecognized arguments: --bogus"),
        ("analyse nothing", "there is no run 'nothing'"),
        ("analyse", "RUN"),
        ("export nothing --features {tmp}/a.npz", "there is no run 'nothing'"),
        ("export nothing --features {tmp}/a.txt", "name it"),
        ("export nothing --features {tmp}/none/a.npz", "there is no folder"),
        ("serve --port 70000", "a port is a number from 0 to 65535"),
        ("serve --port 0 --host 203.0.113.7 --token auto", "is no address of this computer"),
        ("serve --port 0 --host 203.0.113.7", "add --token auto to have one made"),
        ("serve --port 0 --token short", "a token has 32 to 200 letters"),
        ("serve --data photo", "did you mean 'photos'?"),
        ("data get nothing", "there is no data set 'nothing'"),
        ("data pack {tmp}/empty {tmp}/out.npz", "no images"),
        ("data pack {tmp}/none {tmp}/out.npz", "none"),
        ("runs --home {tmp}/text.npz", "name another one with --home"),
        ("runs --home=", "the name of a folder is wanted, not an empty word"),
    ],
)
def test_what_was_asked_wrongly_is_told_in_one_sentence(
    say: Say, tmp_path: Path, home: Path, line: str, told: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.npz").write_text("this is no archive")
    code, out, err = say(*line.format(tmp=tmp_path).split())
    assert (code, out, err[:7], err.count("\n")) == (2, "", "error: ", 1), err
    assert told.format(tmp=tmp_path) in err
    assert "Traceback" not in err and "usage:" not in err
    assert not (tmp_path / "none").exists()
    assert not list(home.glob("runs/*"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("analyse", "--epochs", "9"), "keeps epochs: 0, 1, 2"),
        (("analyse", "--epochs", "x"), "a whole number is wanted"),
        (("analyse", "--only", "probe"), "did you mean 'probes'?"),
        (("analyse", "--device", "gpu"), "device"),
        (("export", "--features", "{tmp}/a.npz", "--epoch", "9"), "keeps epochs: 0, 1, 2"),
        (("export", "--features", "{tmp}/a.npz", "--split", "all"), "unknown split 'all'"),
        (("export", "--features", "{tmp}/a.npz", "--split", "unlabelled"), "no unlabelled"),
    ],
)
def test_what_a_run_does_not_have_is_told_in_one_sentence(
    say: Say, own: str, tmp_path: Path, words: tuple, told: str
) -> None:
    command, *rest = (word.format(tmp=tmp_path) for word in words)
    code, out, err = say(command, own, *rest)
    assert (code, out, err[:7], err.count("\n")) == (2, "", "error: ", 1), err
    assert told in err
    assert not (tmp_path / "a.npz").exists()


def test_a_damaged_checkpoint_is_told_in_one_sentence(
    say: Say, own: str, home: Path, tmp_path: Path
) -> None:
    file = home / "runs" / own / "checkpoints" / "epoch-0002" / "encoder.safetensors"
    whole = file.read_bytes()
    for damaged in (whole[:50], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        file.write_bytes(damaged)
        code, _, err = say("export", own, "--features", tmp_path / "a.npz")
        assert code == 2 and "does not match its SHA-256" in err and err.count("\n") == 1
    file.unlink()
    code, _, err = say("export", own, "--features", tmp_path / "a.npz")
    assert code == 2 and err.count("\n") == 1 and "Traceback" not in err


def test_what_no_one_foresaw_is_logged_and_not_shown(
    say: Say, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.runs.catalogue.Catalogue.all", lambda _: 1 / 0)
    code, out, err = say("runs")
    assert (code, out) == (2, "")
    log = home / "saccade.log"
    told = "error: Saccade failed unexpectedly (ZeroDivisionError)"
    assert err == f"{told}; {log} has the details\n"
    assert "Traceback" in log.read_text()
    log.unlink()
    log.mkdir()
    assert say("runs")[2] == f"{told}\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SACCADE_RATE", "0"),
        ("SACCADE_RATE", "fast"),
        ("SACCADE_PORT", "x"),
        ("SACCADE_PORT", "99999"),
        ("SACCADE_PORT", "-1"),
        ("SACCADE_HOME", "~nobody-of-that-name/x"),
        ("SACCADE_DATABASE", "~nobody-of-that-name/x.db"),
    ],
)
def test_what_the_environment_says_wrongly_is_told_with_its_name(
    say: Say, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    code, out, err = say("runs")
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {name} is {value!r}, but: ")

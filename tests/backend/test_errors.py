"""Does every error become a stable code and one sentence that gives nothing of the inside away?"""

import errno
import os
from pathlib import Path

import pytest

from backend.api.failures import STATUS
from backend.errors import DISK_FULL, DiskFullError, RunError, SaccadeError, failure_of
from models.errors import ConfigError


def family(kind: type) -> set[type]:
    return {kind, *(one for child in kind.__subclasses__() for one in family(child))}


def test_every_error_of_the_family_has_its_own_code_and_status() -> None:
    codes = [kind.code for kind in family(SaccadeError) - {SaccadeError}]
    assert len(codes) == len(set(codes))
    # A diverged loss and a lost process end a run and never answer a request.
    assert set(codes) - {"nan_loss", "lost_process"} == set(STATUS)


def test_a_sentence_passes_as_it_is() -> None:
    assert failure_of(ConfigError("wanted a, came b")) == {
        "code": "bad_config",
        "message": "wanted a, came b",
    }


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_as_one(number: int) -> None:
    assert failure_of(OSError(number, "full")) == {"code": "disk_full", "message": DISK_FULL}


def test_a_full_disk_is_seen_through_the_sentence_that_was_made_of_it() -> None:
    with pytest.raises(RunError) as caught:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            raise RunError("features could not be written") from None
    assert failure_of(caught.value) == {
        "code": "disk_full",
        "message": "features could not be written",
    }
    assert failure_of(DiskFullError("no room"))["code"] == "disk_full"


def test_memory_that_ran_out_says_whose() -> None:
    out_of_memory = type("OutOfMemoryError", (RuntimeError,), {})
    assert failure_of(out_of_memory("CUDA out of memory"))["code"] == "oom_cuda"
    assert failure_of(MemoryError())["code"] == "oom_host"
    torchs = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes")
    assert failure_of(torchs)["code"] == "oom_host"
    assert failure_of(OSError(errno.ENOMEM, "Cannot allocate memory"))["code"] == "oom_host"
    cublas = RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`")
    assert failure_of(cublas)["code"] == "oom_cuda"
    late = type("AcceleratorError", (RuntimeError,), {})("CUDA error: out of memory")
    assert failure_of(late)["code"] == "oom_cuda"


def test_what_no_one_foresaw_keeps_its_inside_to_itself() -> None:
    failure = failure_of(ZeroDivisionError("secret"))
    assert failure["code"] == "internal"
    assert "secret" not in failure["message"]


@pytest.mark.parametrize("kind", [str, Path, lambda path: str(path).encode()])
def test_an_error_of_the_system_names_its_reason_and_the_file_but_not_where_it_lies(
    tmp_path: Path, kind: type
) -> None:
    with pytest.raises(OSError) as caught:
        os.stat(kind(tmp_path / "secret" / "record.json"))
    message = failure_of(caught.value)["message"]
    assert "(record.json): No such file or directory" in message and "secret" not in message
    nameless = failure_of(OSError(errno.EIO, "Input/output error"))["message"]
    assert "could not be used: Input/output error;" in nameless

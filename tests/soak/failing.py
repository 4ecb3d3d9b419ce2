"""Lets the n-th write, fsync or rename of this process fail, those of SQLite as well."""

import builtins
import ctypes
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock


class NoSqliteError(Exception):
    """SQLite's own writes cannot be made to fail here."""


class Failing:
    """Lets the n-th write, fsync or rename fail, and with `lasting` all after it."""

    def __init__(self, n: int, number: int, lasting: bool) -> None:
        self.n, self.number, self.lasting = n, number, lasting
        self.count, self.on = 0, True

    @property
    def hit(self) -> bool:
        return self.count >= self.n

    def fails(self) -> bool:
        self.count += self.on
        return self.on and (self.count == self.n or (self.lasting and self.hit))

    def check(self) -> None:
        if self.fails():
            raise OSError(self.number, os.strerror(self.number))

    def guarded(self, call: Callable) -> Callable:
        def guard(*words: object, **named: object) -> object:
            self.check()
            return call(*words, **named)

        return guard

    def torn(self, call: Callable) -> Callable:
        """A write of which the first half is there when it fails."""

        def write(where: object, data: bytes) -> int:
            if self.fails():
                call(where, data[: len(data) // 2])
                raise OSError(self.number, os.strerror(self.number))
            return call(where, data)

        return write

    def opening(self, opened: Callable) -> Callable:
        def open_failing(file: object, mode: str = "r", *words: object, **named: object):
            stream = opened(file, mode, *words, **named)
            return stream if mode in ("r", "rb") else Torn(stream, self)

        return open_failing

    @contextmanager
    def everywhere(self) -> Iterator[None]:
        """Inside, what Python and SQLite write goes through here."""
        with ExitStack() as stack:
            for name in ("fsync", "rename", "replace", "mkdir"):
                stack.enter_context(mock.patch.object(os, name, self.guarded(getattr(os, name))))
            stack.enter_context(mock.patch.object(os, "write", self.torn(os.write)))
            stack.enter_context(mock.patch.object(builtins, "open", self.opening(open)))
            stack.enter_context(sqlite_through(self))
            yield


class Torn:
    """A file whose writes may fail."""

    def __init__(self, stream, failing: Failing) -> None:
        self.stream, self.torn_write = stream, failing.torn(lambda _, data: stream.write(data))

    def write(self, data: bytes) -> int:
        return self.torn_write(None, data)

    def __enter__(self) -> "Torn":
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)


class Vfs(ctypes.Structure):
    """sqlite3_vfs of sqlite3.h, up to what replaces a system call."""

    _fields_ = [
        *((name, ctypes.c_int) for name in ("version", "file_size", "longest_path")),
        *((name, ctypes.c_void_p) for name in ("next", "name", "data")),
        ("calls", ctypes.c_void_p * 13),
        ("set_call", ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 3)),
        ("get_call", ctypes.CFUNCTYPE(*[ctypes.c_void_p] * 3)),
    ]


PWRITE = ctypes.CFUNCTYPE(
    ctypes.c_ssize_t,
    *(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64),
    use_errno=True,
)


@contextmanager
def sqlite_through(failing: Failing) -> Iterator[None]:
    """Inside, the writes of SQLite's own files may fail. Raises NoSqliteError."""
    library = sqlite_library()
    library.sqlite3_vfs_find.restype = ctypes.POINTER(Vfs)
    vfs = library.sqlite3_vfs_find(None)
    originals, kept = [], []
    for name in (b"pwrite", b"pwrite64"):
        text = ctypes.cast(ctypes.c_char_p(name), ctypes.c_void_p)
        if address := vfs.contents.get_call(ctypes.cast(vfs, ctypes.c_void_p), text):
            original = PWRITE(address)

            def write(file: int, data: int, size: int, at: int, original=original) -> int:
                if failing.fails():
                    ctypes.set_errno(failing.number)
                    return -1
                return original(file, data, size, at)

            kept.append(callback := PWRITE(write))
            originals.append((text, ctypes.c_void_p(address)))
            vfs.contents.set_call(
                ctypes.cast(vfs, ctypes.c_void_p), text, ctypes.cast(callback, ctypes.c_void_p)
            )
    try:
        yield
    finally:
        for text, address in originals:
            vfs.contents.set_call(ctypes.cast(vfs, ctypes.c_void_p), text, address)


def sqlite_library() -> ctypes.CDLL:
    """The SQLite that Python uses, where that is one of the system."""
    try:
        library = ctypes.CDLL("libsqlite3.so.0")
    except OSError:
        raise NoSqliteError("the system has no SQLite whose writes can be made to fail") from None
    library.sqlite3_libversion.restype = ctypes.c_char_p
    if library.sqlite3_libversion().decode() != sqlite3.sqlite_version:
        raise NoSqliteError("Python has a SQLite of its own, whose writes cannot be made to fail")
    return library

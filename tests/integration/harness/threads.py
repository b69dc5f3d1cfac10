"""The threads of a running program: what they are called, and holding up one of them (ptrace(2))."""

import contextlib
import ctypes
import os
import pathlib

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_LIBC.ptrace.restype = ctypes.c_long
_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_ALL_CHILDREN = 0x40000000  # __WALL: threads, too


def threads(pid: int) -> dict[str, int]:
    """Name to thread id; of several of one name, one."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return {(task / "comm").read_text().strip(): int(task.name) for task in tasks}


def _ptrace(request: int, thread: int) -> None:
    if _LIBC.ptrace(request, thread, None, None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace {request:#x} of thread {thread}: {os.strerror(number)}")


@contextlib.contextmanager
def held(thread: int):
    """The thread does nothing meanwhile; all others of its process go on."""
    _ptrace(_SEIZE, thread)
    _ptrace(_INTERRUPT, thread)
    os.waitpid(thread, _ALL_CHILDREN)
    try:
        yield
    finally:
        _ptrace(_DETACH, thread)

"""Sleeping by the time that another thread uses of the processor, which `time` can read but not wait for."""

from __future__ import annotations

import errno
import os

_ABSOLUTE = 1  # TIMER_ABSTIME


def sleep_until_used(clock: int, used_s: float) -> None:
    """Sleep until a clock of `time.pthread_getcpuclockid` shows so much; as long as that thread idles nothing wakes us.

    Comes back earlier where a signal does.

    Raises:
        OSError: the system has no such sleep (only Linux has), or the thread is gone.
    """
    import ctypes  # a process that is not watched needs none

    class Moment(ctypes.Structure):
        _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]

    sleep = getattr(ctypes.CDLL(None), "clock_nanosleep", None)
    if sleep is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    until = Moment(int(used_s), int(used_s % 1 * 1e9))
    if (error := sleep(clock, _ABSOLUTE, ctypes.byref(until), None)) not in (0, errno.EINTR):
        raise OSError(error, os.strerror(error))

"""Runs a program until it is told to end, or until another process is gone: `homeserver_host.py PID PROGRAM ...`."""

import os
import signal
import subprocess
import sys
import time

LOOKS_EVERY_S = 1.0


def main() -> int:
    """Its exit status."""
    watched, program = int(sys.argv[1]), sys.argv[2:]
    process = subprocess.Popen(program)
    signal.signal(
        signal.SIGTERM, lambda *_: process.kill()
    )  # a database of the run alone: nothing of it is kept
    while process.poll() is None:
        try:
            os.kill(watched, 0)
        except ProcessLookupError:
            process.kill()
        time.sleep(LOOKS_EVERY_S)
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())

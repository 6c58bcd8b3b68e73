"""A small process between us and the JVM: when our end of its pipe closes, however we died, the JVM ends too.

Run by path with `python -I -S guard.py GRACE_S DOOMED COMMAND…`; it imports nothing of the product, so it starts in
some 30 ms. It prints the process id of the command, then waits for the command or for the end of its standard input:
a pipe ends with the process that holds it, also after `kill -9`, on every POSIX system (PR_SET_PDEATHSIG is Linux
only, and fires already when the *thread* that started the child ends).
"""

import shutil
import signal
import subprocess
import sys
import threading

FAREWELL = b"stop"
"""Written by a parent that stops us in good order: it looks after the data directory itself."""


def main(arguments: list[str]) -> int:
    """Run the command until it ends or the pipe does; remove the directory ``DOOMED`` when the parent died."""
    grace_s, doomed, *command = arguments
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - the command is our parent's own
    print(child.pid, flush=True)  # noqa: T201 - the parent reads it
    orphaned = threading.Event()
    threading.Thread(target=_follow_parent, args=(child, float(grace_s), orphaned), daemon=True).start()
    code = child.wait()
    if orphaned.is_set() and doomed:
        shutil.rmtree(doomed, ignore_errors=True)
    return code


def _follow_parent(child: subprocess.Popen[bytes], grace_s: float, orphaned: threading.Event) -> None:
    if sys.stdin.buffer.read() != FAREWELL:
        orphaned.set()
    child.terminate()
    child.send_signal(signal.SIGCONT)  # a stopped process can't act on SIGTERM
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    sys.exit(abs(main(sys.argv[1:])))

"""Runs a command with a terminal as its standard error and says what came of it, as JSON.

watch.py COLUMNS SECONDS COMMAND...: standard input reaches the command after so many seconds.
"""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time

columns, seconds, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
told = sys.stdin.buffer.read()
leader, follower = pty.openpty()
fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=follower)
os.close(follower)
shown = []


def watch():
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            return  # Linux says EIO once nobody writes there any more.
        if not part:
            return
        shown.append(part)


watcher = threading.Thread(target=watch)
watcher.start()
time.sleep(seconds)
output, _ = process.communicate(told)
watcher.join()
json.dump(
    {
        "code": process.returncode,
        "stdout": output.decode(),
        "stderr": b"".join(shown).decode(),
    },
    sys.stdout,
)

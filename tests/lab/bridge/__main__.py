"""Runs the local AWS: ministack on one loopback port, and the bridge that makes its rules loop.

Settings, all from the environment:
  GATEWAY_PORT         the port, 0 (the default) for any that is free
  BIND_HOST            the address, 127.0.0.1 by default
  LAB_DELAY_S          seconds from a call to its event on the bus, 0.2 by default
  LAB_ENDS_WITH_STDIN  `1`: the whole process group is killed when standard input closes

The first line of standard output is `{"port": N}`; from then on connections are accepted.
`GET /_lab/state` answers with what was counted.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import threading


def end_with_stdin():
    """Kills this process and all that it started once whoever holds the other end of stdin is gone."""
    os.setpgid(0, 0)

    def wait():
        while os.read(0, 4096):
            pass
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def listen():
    """Binds before ministack is loaded, so that no other process can take a port that was only chosen."""
    host = os.environ.setdefault("BIND_HOST", "127.0.0.1")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, int(os.environ.get("GATEWAY_PORT", "0"))))
    listener.listen(128)
    port = listener.getsockname()[1]
    os.environ["GATEWAY_PORT"] = str(port)
    # Where functions that the lab runs make their calls.
    os.environ["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
    return listener, port


def main():
    if os.environ.get("LAB_ENDS_WITH_STDIN") == "1":
        end_with_stdin()
    listener, port = listen()
    # ministack reads its settings while it is imported.
    os.environ["AUTH"] = "true"
    os.environ["CLOUDTRAIL_RECORDING"] = "0"
    os.environ["PERSIST_STATE"] = "0"
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    print(json.dumps({"port": port}), flush=True)

    import gateway
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.loglevel = os.environ["LOG_LEVEL"].upper()
    asyncio.run(serve(gateway.application(), config))


if __name__ == "__main__":
    sys.exit(main())

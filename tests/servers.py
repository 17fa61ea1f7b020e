"""Peers' own servers on loopback: a port that nothing has, and the moment from which they answer."""
import socket
import time
import urllib.error
import urllib.request


def free_ports(count):
    """That many, no two alike."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def free_port():
    return free_ports(1)[0]


def wait_for(url, process, log, any_status=False):
    """What it answers there, once it does; any_status: a refusal is an answer too. log: what it printed, for the error."""
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended: " + log.read_text()[-2000:])
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read()
        except OSError as error:
            if any_status and isinstance(error, urllib.error.HTTPError):
                return b""
            time.sleep(0.1)
    raise RuntimeError(f"{process.args[0]} does not answer: " + log.read_text()[-2000:])

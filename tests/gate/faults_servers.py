"""Servers that are there and of no use: one never answers, one drips, one is interrupted by whoever wants."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Conduct = Callable[[socket.socket, threading.Event], None]


def silent(connection: socket.socket, over: threading.Event) -> None:
    """Takes the connection, and whatever is sent, and says nothing."""
    over.wait()


def dripping(connection: socket.socket, over: threading.Event) -> None:
    """Answers well, byte by byte and for ever: no single wait of the caller is long."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{")
    while not over.wait(0.1):
        connection.sendall(b" ")


def breaking_off(connection: socket.socket, over: threading.Event) -> None:
    """Promises a whole answer and hangs up in the middle of it."""
    connection.recv(65536)
    connection.sendall(
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"decision": {'
    )


def raving(connection: socket.socket, over: threading.Event) -> None:
    """Answers what is no HTTP."""
    connection.recv(65536)
    connection.sendall(b"\x00\xff allow allow allow\r\n\r\n")


@contextmanager
def listening(port: int, conduct: Conduct) -> Iterator[None]:
    """A server on `port` of loopback that treats each connection as told, until the block ends."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def treat(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            conduct(connection, over)

    def serve() -> None:
        while True:
            try:
                connection, _ = door.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=treat, args=(connection,), daemon=True))
            threads[-1].start()

    door = socket.create_server(("127.0.0.1", port))
    accepting = threading.Thread(target=serve, daemon=True)
    accepting.start()
    try:
        yield
    finally:
        over.set()
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)  # wakes `accept`
        door.close()
        for thread in (accepting, *threads):
            thread.join(10)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The corpus's python: python3 work.py CASE MIB, until it is killed."""
import gc
import json
import os
import sys
import threading
import time
import zlib

SCALE = float(os.environ.get("SCALE", "1"))
LIMIT = int(float(sys.argv[2]) * 1048576)


def rest(seconds):
    time.sleep(seconds * SCALE)


def cache():
    """Every answer is kept."""
    answers = {}
    while True:
        answers[len(answers)] = os.urandom(LIMIT // 400)
        rest(0.08)


def seed():
    """Each thread finds that the table is not there yet, and loads it."""
    table = {}

    def serve():
        if "rows" not in table:
            rows = []
            for _ in range(40):
                rows.append(os.urandom(LIMIT // 320))
                rest(0.1)
            table["rows"] = rows
        rest(60)

    for _ in range(16):
        threading.Thread(target=serve).start()


def listeners():
    """Handlers that are registered for each request and never taken off again."""
    handlers = []
    while True:
        body = bytearray(LIMIT // 3000)
        handlers.append(lambda body=body: len(body))
        if len(handlers) % 10 == 0:
            rest(0.09)


def cycles():
    """A collector that is switched off, and objects that point to each other."""
    gc.disable()
    while True:
        one, other = [bytearray(LIMIT // 2000)], []
        one.append(other)
        other.append(one)
        rest(0.015)


def requests():
    """A request takes much and gives it back; its session stays."""
    sessions = {}
    while True:
        page = [bytearray(LIMIT // 100) for _ in range(10)]
        sessions[len(sessions)] = bytearray(LIMIT // 200)
        rest(0.15)
        del page


def read_all():
    """All of an upload, however long it is."""
    rest(25)
    print(len(sys.stdin.buffer.read()))


def decompress():
    """A small upload that is large when it is unpacked."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(2 * LIMIT >> 20)) + packer.flush()
    rest(25)
    print(len(zlib.decompress(packed)))


def parse():
    """A document of some megabytes has a tree of many more."""
    text = json.dumps([{"key": i, "value": str(i)} for i in range(2000)])
    rest(25)
    print(len(json.loads("[" + ",".join([text] * 400) + "]")))


def burst():
    """As many threads as there are requests."""
    def serve():
        parts = []
        for _ in range(20):
            parts.append(bytearray(LIMIT // 800))
            rest(0.05)
        rest(60)

    rest(25)
    for _ in range(80):
        threading.Thread(target=serve).start()
    rest(60)


def start():
    """All of a table before the first request."""
    table = {}
    while True:
        table[len(table)] = [str(len(table))] * 20


def steady():
    table = [bytearray(LIMIT // 1000) for _ in range(780)]
    for _ in range(750):
        page = bytearray(LIMIT // 40)
        rest(0.1)
        del page
    table.append(bytearray(LIMIT // 2))
    rest(60)


def plateau():
    table = []
    for _ in range(300):
        table.append(bytearray(LIMIT // 600))
        rest(0.03)
    for _ in range(600):
        page = [bytearray(LIMIT // 500) for _ in range(10)]
        rest(0.1)
        del page


def lru():
    """A cache that knows its size."""
    answers = {}
    for number in range(12000):
        answers[number] = bytearray(LIMIT // 1500)
        answers.pop(number - 600, None)
        rest(0.01)


globals()[sys.argv[1]]()

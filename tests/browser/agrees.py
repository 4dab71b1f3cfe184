#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: agrees.py FILE.svg FILE.folded: a flame graph and folded stacks of the same recording.

Rebuilds every frame's bytes from the folded lines alone and compares: which frames there are, the
bytes each one says, and its width on the screen, to a pixel.
"""
import sys
import xml.etree.ElementTree as ET
from collections import Counter

SVG = "{http://www.w3.org/2000/svg}"


def frames_of_folded(path):
    frames = Counter()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            stack, count = line.rstrip("\n").rsplit(" ", 1)
            names = stack.split(";")
            for depth in range(len(names) + 1):
                frames[tuple(names[:depth])] += int(count)
    return frames


def frames_of_svg(path):
    """The stack of a frame is the boxes below it that span it."""
    group = next(g for g in ET.parse(path).getroot().iter(SVG + "g") if g.get("class") == "frames")
    width = float(group.get("data-width"))
    rows, frames, pixels = {}, {}, {}
    for box in group:
        rect = box.find(SVG + "rect")
        rows.setdefault(float(rect.get("y")), []).append(box)
    below = []
    for y in sorted(rows, reverse=True):
        row = []
        for box in rows[y]:
            start, size = int(box.get("data-at")), int(box.get("data-bytes"))
            name, figures = box.find(SVG + "title").text.split("\n")
            caller = [s for s, a, b in below if a <= start and start + size <= b]
            stack = caller[0] + (name,) if below else ()
            assert stack not in frames, f"drawn twice: {stack}"
            assert int(figures.split(" ")[0].replace(",", "")) == size, figures
            frames[stack] = size
            pixels[stack] = float(box.find(SVG + "rect").get("width"))
            row.append((stack, start, start + size))
        below = row
    return frames, pixels, width


def main(svg, folded):
    expected = frames_of_folded(folded)
    drawn, pixels, width = frames_of_svg(svg)
    total = expected[()]
    assert drawn == dict(expected), set(drawn.items()) ^ set(expected.items())
    for stack, size in expected.items():
        assert abs(pixels[stack] - width * size / total) < 1, stack
    print(f"{len(drawn)} frames, {total} bytes")


main(*sys.argv[1:])

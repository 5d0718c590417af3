"""NumPy's ways through a file, each in a process of its own, which has nothing but NumPy in it.

`files.py NAME INPUT OUTPUT` prints the seconds that it took and the peak RSS in MiB.
"""

import sys
import time

import numpy as np

# Elements at a time: 256 KiB, which stay in the cache.
CHUNK = 32 * 1024


class Mean:
    """The mean so far times 1.1, over chunks, without an array of its own for any."""

    def __init__(self):
        self.total = 0.0
        self.counts = np.arange(1.0, CHUNK + 1)
        self.out = np.empty(CHUNK)

    def next(self, chunk):
        out, counts = self.out[: len(chunk)], self.counts[: len(chunk)]
        np.cumsum(chunk, out=out)
        np.add(out, self.total, out=out)
        self.total = out[-1]
        np.divide(out, counts, out=out)
        np.multiply(out, 1.1, out=out)
        np.add(counts, len(chunk), out=counts)
        return out


def by_reading(path, output):
    mean, buffer = Mean(), np.empty(CHUNK)
    with open(path, "rb", buffering=0) as file, open(output, "wb", buffering=0) as output:
        while count := file.readinto(buffer) // 8:
            output.write(mean.next(buffer[:count]))


def by_fromfile(path, output):
    mean = Mean()
    with open(path, "rb") as file, open(output, "wb") as output:
        while len(chunk := np.fromfile(file, count=CHUNK)):
            mean.next(chunk).tofile(output)


def by_memmap(path, output):
    mean, x = Mean(), np.memmap(path, dtype=np.float64, mode="r")
    with open(output, "wb", buffering=0) as output:
        for start in range(0, len(x), CHUNK):
            output.write(mean.next(x[start : start + CHUNK]))


def whole(path, output):
    x = np.memmap(path, dtype=np.float64, mode="r")
    out = np.memmap(output, dtype=np.float64, mode="w+", shape=x.shape)
    np.cumsum(x, out=out)
    np.divide(out, np.arange(1.0, len(x) + 1), out=out)
    np.multiply(out, 1.1, out=out)


WAYS = {
    "numpy, readinto by chunks": by_reading,
    "numpy, fromfile by chunks": by_fromfile,
    "numpy, memmap by chunks": by_memmap,
    "numpy, memmap as a whole": whole,
}


def peak():
    """In MiB; `getrusage` would count what the parent had before this process began."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


if __name__ == "__main__":
    name, path, output = sys.argv[1:]
    started = time.perf_counter()
    WAYS[name](path, output)
    print(time.perf_counter() - started, peak())

"""lagom-vecproc held against Python's libraries, in rounds: a batch of each rival, then a batch of ours.

Ours is timed by the bench's runner, a process that waits for the name of a case and answers with the time of one batch.
Inputs are the same to the last bit, outputs are given where a library takes them, every answer is checked, and all run
on one thread. `cargo xtask bench vecproc --python` starts this.
"""

import argparse
import array
import os
import subprocess
import sys
import tempfile
import time

for threads in ("POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"

import bottleneck as bn
import numba
import numpy as np
import pandas as pd
import polars as pl
import scipy.ndimage as ndi
import scipy.signal

from files import WAYS

WINDOW = 50
ALPHA = 0.1
TOLERANCE = 1e-9
BEST = "best"
BATCH = 1e-3
MIB = (1 << 20) // 8


@numba.njit
def normal(n):
    """The runner's input: twelve draws of xorshift (Marsaglia 2003) added up."""
    state = np.uint64(0x2545F4914F6CDD1D)
    x = np.empty(n)
    for i in range(n):
        total = 0.0
        for _ in range(12):
            state ^= state << np.uint64(13)
            state ^= state >> np.uint64(7)
            state ^= state << np.uint64(17)
            total += np.float64(state >> np.uint64(11)) / 9007199254740992.0
        x[i] = 94.0 + total
    return x


# What is due, in the 64 bits of a long double where that is enough.


def long_sums(x):
    return np.cumsum(x.astype(np.longdouble))


def windows(x, window, f):
    due = np.full(len(x), np.nan)
    step = max(1, (1 << 22) // window)
    views = np.lib.stride_tricks.sliding_window_view(x, window)
    for start in range(0, len(views), step):
        due[window - 1 + start : window - 1 + min(start + step, len(views))] = f(views[start : start + step])
    return due


def long_mean(views):
    return views.mean(axis=1, dtype=np.longdouble)


def long_std(views):
    return views.std(axis=1, ddof=1, dtype=np.longdouble)


@numba.njit
def ewma_due(x, out):
    last = x[0]
    for i in range(len(x)):
        last = last + ALPHA * (x[i] - last)
        out[i] = last


# numba: the plain loops, compiled, into the output that they are given; sums may be reordered (`fastmath`), and so use SIMD.


@numba.njit
def numba_expanding_mean(x, out):
    total = 0.0
    for i in range(len(x)):
        total += x[i]
        out[i] = total / (i + 1) * 1.1


@numba.njit
def numba_cumulative_sum(x, out):
    total = 0.0
    for i in range(len(x)):
        total += x[i]
        out[i] = total


@numba.njit
def numba_ewma(x, out):
    last = x[0]
    for i in range(len(x)):
        last = ALPHA * x[i] + (1 - ALPHA) * last
        out[i] = last


@numba.njit
def numba_rolling_mean(x, out):
    total = 0.0
    for i in range(WINDOW - 1):
        total += x[i]
        out[i] = np.nan
    for i in range(WINDOW - 1, len(x)):
        total += x[i]
        out[i] = total / WINDOW
        total -= x[i - WINDOW + 1]


@numba.njit
def numba_rolling_std(x, out):
    mean = 0.0
    squares = 0.0
    for i in range(WINDOW):
        off = x[i] - mean
        mean += off / (i + 1)
        squares += off * (x[i] - mean)
        out[i] = np.nan
    out[WINDOW - 1] = np.sqrt(squares / (WINDOW - 1))
    for i in range(WINDOW, len(x)):
        moved = x[i] - x[i - WINDOW]
        before = mean
        mean += moved / WINDOW
        squares += moved * (x[i] - mean + x[i - WINDOW] - before)
        out[i] = np.sqrt(max(squares, 0.0) / (WINDOW - 1))


@numba.njit
def numba_rolling_max(x, out):
    kept = np.empty(len(x), dtype=np.int64)
    first = 0
    end = 0
    for i in range(len(x)):
        while end > first and x[kept[end - 1]] <= x[i]:
            end -= 1
        kept[end] = i
        end += 1
        if kept[first] + WINDOW == i:
            first += 1
        out[i] = x[kept[first]] if i >= WINDOW - 1 else np.nan


@numba.njit
def numba_affine(x, out):
    for i in range(len(x)):
        out[i] = x[i] * 1.8 + 32.0


@numba.njit(fastmath=True)
def numba_sum(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i]
    return total


@numba.njit(fastmath=True)
def numba_variance(x):
    mean = numba_sum(x) / len(x)
    total = 0.0
    for i in range(len(x)):
        total += (x[i] - mean) ** 2
    return total / (len(x) - 1)


@numba.njit(fastmath=True)
def numba_min_max(x):
    least = np.inf
    greatest = -np.inf
    for i in range(len(x)):
        least = min(least, x[i])
        greatest = max(greatest, x[i])
    return least, greatest


@numba.njit
def numba_one_loop(x, out):
    total = 0.0
    for i in range(len(x)):
        total += min(max(abs(x[i] - 100.0), 0.0), 3.0) * 1.1
        out[i] = total


@numba.njit
def numba_elementwise(x, out):
    for i in range(len(x)):
        out[i] = min(max(abs(x[i] - 100.0), 0.0), 3.0) * 1.1 + 5.0


def original(data):
    """The class that the crate began with: the copy and sum of each prefix up to 10,000, else a mean per 1,000."""
    data = array.array("d", data)
    out = []
    if len(data) > 10_000:
        for start in range(0, len(data), 1000):
            total = 0
            for j, value in enumerate(data[start : start + 1000]):
                total += value
                out.append(total / (j + 1) * 1.1)
        return out
    for i in range(len(data)):
        prefix = data[: i + 1]
        out.append(sum(prefix) / (i + 1) * 1.1)
    return out


class Column:
    """One input in the forms that the libraries take, and an output to write to."""

    def __init__(self, n):
        self.n = n
        self.x = normal(n)
        self.out = np.zeros(n)
        self.spare = np.zeros(n)
        self.counts = np.arange(1.0, n + 1)
        self.pandas = pd.Series(self.x)
        self.polars = pl.Series(self.x)
        self.list = self.x.tolist() if n <= 100_000 else None

    def given(self, f):
        """`f(x, out)` as a call that returns its output."""

        def call():
            f(self.x, self.out)
            return self.out

        return call


def five_of_numpy(c, last):
    def call():
        np.subtract(c.x, 100.0, out=c.out)
        np.abs(c.out, out=c.out)
        np.clip(c.out, 0.0, 3.0, out=c.out)
        np.multiply(c.out, 1.1, out=c.out)
        last(c.out)
        return c.out

    return call


def numpy_expanding_mean(c):
    def call():
        np.cumsum(c.x, out=c.out)
        np.divide(c.out, c.counts, out=c.out)
        np.multiply(c.out, 1.1, out=c.out)
        return c.out

    return call


def numpy_affine(c):
    def call():
        np.multiply(c.x, 1.8, out=c.out)
        np.add(c.out, 32.0, out=c.out)
        return c.out

    return call


def scipy_filter(c, f, window):
    """A filter of `window` elements that looks back only; the first ones, which it pads, are none of ours."""

    def call():
        f(c.x, output=c.out, origin=(window - 1) // 2)
        c.out[: window - 1] = np.nan
        return c.out

    return call


def rank_filter(window):
    """The mean of the two in the middle, where there are two."""

    def run(x, output, origin):
        ndi.rank_filter(x, rank=window // 2, size=window, output=output, origin=origin)
        if window % 2 == 0:
            below = ndi.rank_filter(x, rank=window // 2 - 1, size=window, origin=origin)
            np.add(output, below, out=output)
            np.multiply(output, 0.5, out=output)

    return run


def upper(window):
    """One pass where the median of an even window takes two: another number, and half the time."""
    return lambda x, output, origin: ndi.rank_filter(x, rank=window // 2, size=window, output=output, origin=origin)


def rows(c):
    """Name of the case, and after a tab who is not `lagom` itself; goals (a rival's time over ours), what is due, and the rivals."""
    x, n = c.x, c.n
    s, p = c.pandas, c.polars
    roll = s.rolling(WINDOW)
    long = s.rolling(1001)
    alone = {"original": lambda: original(c.list)} if c.list is not None else {}
    cumulative = lambda out: np.cumsum(out, out=out)
    plus = lambda out: np.add(out, 5.0, out=out)
    four = lambda: np.clip(np.abs(x - 100.0), 0.0, 3.0) * 1.1
    yield (
        "expanding mean x1.1",
        {BEST: {100_000: 3.3, 10_000_000: 2.3}.get(n), "original": 200},
        lambda: long_sums(x) / c.counts * np.longdouble(1.1),
        {
            "numba": c.given(numba_expanding_mean),
            "numpy": numpy_expanding_mean(c),
            "pandas": lambda: s.expanding().mean() * 1.1,
            "polars": lambda: p.cum_sum() / pl.int_range(1, n + 1, eager=True) * 1.1,
            **alone,
        },
    )
    yield (
        "cumulative sum",
        {BEST: 2.0 if n <= 100_000 else 1.15},
        lambda: long_sums(x),
        {
            "numba": c.given(numba_cumulative_sum),
            "numpy": c.given(lambda x, out: np.cumsum(x, out=out)),
            "pandas": lambda: s.cumsum(),
            "polars": lambda: p.cum_sum(),
        },
    )

    def ewma():
        due = np.empty(n)
        ewma_due(x, due)
        return due

    first = np.array([(1 - ALPHA) * x[0]])
    yield (
        "EWMA, unadjusted",
        {BEST: 6.0 if n <= 100_000 else None},
        ewma,
        {
            "numba": c.given(numba_ewma),
            "pandas": lambda: s.ewm(alpha=ALPHA, adjust=False).mean(),
            "polars": lambda: p.ewm_mean(alpha=ALPHA, adjust=False),
            "scipy lfilter": lambda: scipy.signal.lfilter([ALPHA], [1, ALPHA - 1], x, zi=first)[0],
        },
    )
    yield (
        "rolling mean 50",
        {BEST: 1.0},
        lambda: windows(x, WINDOW, long_mean),
        {
            "numba": c.given(numba_rolling_mean),
            "bottleneck": lambda: bn.move_mean(x, WINDOW),
            "pandas": lambda: roll.mean(),
            "polars": lambda: p.rolling_mean(WINDOW),
            "scipy": scipy_filter(c, lambda x, output, origin: ndi.uniform_filter1d(x, WINDOW, output=output, origin=origin), WINDOW),
        },
    )
    yield (
        "rolling std 50",
        {BEST: 1.7, "polars": 8.0},
        lambda: windows(x, WINDOW, long_std),
        {
            "numba": c.given(numba_rolling_std),
            "bottleneck": lambda: bn.move_std(x, WINDOW, ddof=1),
            "pandas": lambda: roll.std(),
            "polars": lambda: p.rolling_std(WINDOW),
        },
    )
    yield (
        "rolling max 50",
        {BEST: 3.5},
        lambda: windows(x, WINDOW, lambda views: views.max(axis=1)),
        {
            "numba": c.given(numba_rolling_max),
            "bottleneck": lambda: bn.move_max(x, WINDOW),
            "pandas": lambda: roll.max(),
            "polars": lambda: p.rolling_max(WINDOW),
            "scipy": scipy_filter(c, lambda x, output, origin: ndi.maximum_filter1d(x, WINDOW, output=output, origin=origin), WINDOW),
        },
    )
    for window, goal, of_pandas in ((WINDOW, 3.8, roll), (1001, 1.8, long)):
        if window > n:
            continue
        yield (
            f"rolling median {window}",
            {BEST: goal},
            lambda window=window: windows(x[: min(n, 100_000)], window, lambda views: np.median(views, axis=1)),
            {
                "bottleneck": lambda window=window: bn.move_median(x, window),
                "pandas": lambda of_pandas=of_pandas: of_pandas.median(),
                "polars": lambda window=window: p.rolling_median(window),
                "scipy": scipy_filter(c, rank_filter(window), window),
                "scipy, upper of two": scipy_filter(c, upper(window), window),
            },
        )
    yield (
        "affine",
        {BEST: 1.0},
        lambda: x * 1.8 + 32.0,
        {
            "numba": c.given(numba_affine),
            "numpy": numpy_affine(c),
            "polars": lambda: p * 1.8 + 32.0,
        },
    )
    for name in ("sum", "sum\tlagom plain"):
        yield (
            name,
            {BEST: 1.0},
            lambda: long_sums(x)[-1:],
            {
                "numba": lambda: [numba_sum(x)],
                "numpy": lambda: [np.sum(x)],
                "bottleneck": lambda: [bn.nansum(x)],
                "pandas": lambda: [s.sum()],
                "polars": lambda: [p.sum()],
            },
        )
    yield (
        "variance",
        {BEST: 5.0 if n <= 100_000 else None},
        lambda: [x.var(ddof=1, dtype=np.longdouble)],
        {
            "numba": lambda: [numba_variance(x)],
            "numpy": lambda: [np.var(x, ddof=1)],
            "bottleneck": lambda: [bn.nanvar(x, ddof=1)],
            "pandas": lambda: [s.var()],
            "polars": lambda: [p.var()],
        },
    )
    yield (
        "min and max",
        {},
        lambda: [x.min(), x.max()],
        {
            "numba": lambda: numba_min_max(x),
            "numpy": lambda: [np.min(x), np.max(x)],
            "bottleneck": lambda: [bn.nanmin(x), bn.nanmax(x)],
            "polars": lambda: [p.min(), p.max()],
        },
    )
    yield (
        "argmin and argmax",
        {},
        lambda: [x.argmin(), x.argmax()],
        {
            "numpy": lambda: [np.argmin(x), np.argmax(x)],
            "bottleneck": lambda: [bn.nanargmin(x), bn.nanargmax(x)],
            "polars": lambda: [p.arg_min(), p.arg_max()],
        },
    )
    yield (
        "five elementwise operations",
        {"numpy, five calls": 2.0},
        lambda: four() + 5.0,
        {"numpy, five calls": five_of_numpy(c, plus), "numba, one loop": c.given(numba_elementwise)},
    )
    yield (
        "five operations with a cumulative sum",
        {"numpy, five calls": 2.0},
        lambda: long_sums(four()),
        {"numpy, five calls": five_of_numpy(c, cumulative), "numba, one loop": c.given(numba_one_loop)},
    )


class Ours:
    """The runner, waiting for names of cases."""

    def __init__(self, runner):
        self.runner = subprocess.Popen(
            [runner, "vecproc", "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def time(self, case):
        print(case, file=self.runner.stdin, flush=True)
        line = self.runner.stdout.readline()
        try:
            return float(line)
        except ValueError:
            sys.exit(f"{case}: {line.strip() or 'the runner has ended'}")


def wrong(given, due):
    """By how much an output is off, in words; nothing where it is right."""
    given = np.asarray(given, dtype=np.longdouble)[: len(due)]
    due = np.asarray(due, dtype=np.longdouble)
    if given.shape != due.shape:
        return f"{len(given)} outputs of {len(due)}"
    if not np.array_equal(np.isnan(given), np.isnan(due)):
        return "a number where none is due, or none where one is"
    off = np.nanmax(np.abs(given - due) / np.maximum(np.abs(due), 1))
    return f"off by {float(off):.1e}" if off > TOLERANCE else ""


def batch(call, calls):
    started = time.perf_counter_ns()
    for _ in range(calls):
        call()
    return (time.perf_counter_ns() - started) / calls


def calls_for(call):
    took = batch(call, 1)
    if took < 10 * BATCH * 1e9:
        took = min(batch(call, 1) for _ in range(3))
    return max(1, min(1000, round(BATCH * 1e9 / took)))


def measure(ours, c, rounds, limit, wanted):
    for name, goals, due, rivals in rows(c):
        name, tab, contender = name.partition("\t")
        case = f"{name}, n = {c.n:.0e}".replace("e+0", "e") + tab + contender
        if wanted not in case:
            continue
        due = due()
        faults = {rival: wrong(call(), due) for rival, call in rivals.items()}
        calls = {rival: calls_for(call) for rival, call in rivals.items()}
        times = {rival: float("inf") for rival in rivals}
        least = ours.time(case)
        started = time.monotonic()
        for at in range(rounds):
            for rival, call in rivals.items():
                times[rival] = min(times[rival], batch(call, calls[rival]) / c.n)
                # After each, so that what slows the machine down meets ours as often as all of them.
                least = min(least, ours.time(case))
            if at >= 2 and time.monotonic() - started > limit:
                break
        show(case, goals, least, times, faults)


def show(case, goals, ours, times, faults):
    right = [rival for rival in times if not faults[rival]]
    best = min(right, key=times.get)
    print(f"{case.replace(chr(9), ', '):<50} {ours:>8.3f}  {best:<18} {times[best]:>8.3f} {times[best] / ours:>7.2f}x", end="")
    for rival, goal in goals.items():
        against = best if rival == BEST else rival
        if goal is not None and against in times:
            ratio = times[against] / ours
            print(f"  {'ok' if ratio >= goal else 'MISSED'}: {ratio:.3g}x {against}, goal {goal}x", end="")
    others = (
        f"{rival} {times[rival]:.3g}{' WRONG: ' + faults[rival] if faults[rival] else ''}"
        for rival in sorted(times, key=times.get)
        if rival != best
    )
    print(f"\n    {', '.join(others)}", flush=True)


# The file, each contender in a process of its own.


def ends(path, mib):
    """The last element of each MiB."""
    with open(path, "rb") as file:
        last = []
        for block in range(1, mib + 1):
            file.seek((block << 20) - 8)
            last.append(np.frombuffer(file.read(8))[0])
    return np.array(last)


def files(runner, mib, rounds, folder):
    with tempfile.TemporaryDirectory(dir=folder) as folder:
        path, output = os.path.join(folder, "in.f64"), os.path.join(folder, "out.f64")
        block = normal(MIB)
        with open(path, "wb") as file:
            for _ in range(mib):
                block.tofile(file)
        due = block.mean(dtype=np.longdouble) * np.longdouble(1.1)
        commands = {"ours": [runner, "--alone", "file", "lagom", path, output]}
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "files.py")
        for name in WAYS:
            commands[name] = [sys.executable, script, name, path, output]
        walls = {name: float("inf") for name in commands}
        peaks = {name: 0.0 for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                wall, rss = map(float, done.stdout.split())
                walls[name], peaks[name] = min(walls[name], wall), max(peaks[name], rss)
                if os.path.getsize(output) != mib << 20 or np.abs(ends(output, mib) - due).max() > TOLERANCE * due:
                    sys.exit(f"{name}: the output is wrong")
                os.remove(output)
        print(f"file of {mib} MiB, expanding mean x1.1              wall s   peak RSS MiB   ours / its wall")
        for name in commands:
            ratio = walls["ours"] / walls[name]
            print(f"    {name:<44} {walls[name]:>8.3f} {peaks[name]:>14.1f} {ratio:>10.2f}")
        best = min(wall for name, wall in walls.items() if name != "ours")
        print(f"    goal: at most 0.35 of the best wall: {walls['ours'] / best:.2f}; at most 8 MiB: {peaks['ours']:.1f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runner", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--filter", default="", help="only cases whose name contains this text")
    args = parser.parse_args()
    sizes, rounds, limit, mib = [1_000, 100_000, 10_000_000], 30, 20.0, 2048
    if args.quick:
        sizes, rounds, limit, mib = [1_000, 100_000, 10_000_000], 10, 4.0, 256
    if args.smoke:
        sizes, rounds, limit, mib = [1_000], 1, 0.0, 16
    print("Best of all rounds, ns per element; calls from Python cost hundreds of ns, which is most of it at n = 1e3.")
    print(f"{'case':<50} {'ours':>8}  {'best rival':<18} {'ns/el':>8} {'ratio':>8}")
    ours = Ours(args.runner)
    for n in sizes:
        measure(ours, Column(n), rounds, limit, args.filter)
    if args.filter in "file":
        files(args.runner, mib, 3, os.path.dirname(os.path.abspath(args.runner)))


if __name__ == "__main__":
    main()

"""lagom-profiler held against Python's ways, in rounds: a batch of each rival, then a batch of ours.

Ours is timed by the bench's runner, a process that waits for the name of a case and answers with the time of one batch.
`cargo xtask bench profiler --python` starts this.
"""

import argparse
import collections
import cProfile
import functools
import subprocess
import sys
import threading
import time
import tracemalloc

import psutil

BATCH = 5e-3
KEPT = 1000


class Original:
    """What is to be bettered: a record of each of the last thousand calls of a function, behind one lock."""

    def __init__(self):
        self.records = collections.defaultdict(list)
        self.lock = threading.Lock()

    def __call__(self, function):
        name = f"{function.__module__}.{function.__name__}"

        @functools.wraps(function)
        def profiled(*args, **kwargs):
            started = time.perf_counter()
            memory = tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else 0
            error = None
            try:
                return function(*args, **kwargs)
            except Exception as raised:
                error = str(raised)
                raise
            finally:
                took = time.perf_counter() - started
                grown = tracemalloc.get_traced_memory()[0] - memory if tracemalloc.is_tracing() else 0
                record = {
                    "at": time.time(),
                    "took": took,
                    "memory_delta": grown,
                    "error": error,
                    "arguments": len(args),
                    "keywords": len(kwargs),
                }
                with self.lock:
                    self.records[name].append(record)
                    if len(self.records[name]) > KEPT:
                        self.records[name] = self.records[name][-KEPT:]

        return profiled


def empty(x):
    return x


ORIGINAL = Original()
profiled = ORIGINAL(empty)


def times(function):
    """Calls it so often; nanoseconds a call."""

    def run(calls):
        started = time.perf_counter_ns()
        for x in range(calls):
            function(x)
        return (time.perf_counter_ns() - started) / calls

    return run


def under_cprofile(calls):
    profile = cProfile.Profile()
    profile.enable()
    took = times(empty)(calls)
    profile.disable()
    return took


PROCESS = psutil.Process()

# What is timed, against which case of ours, with whose goal: at least so many times ours.
CASES = [
    (
        "empty profiled call",
        ["lagom", "lagom exact"],
        {"original": times(profiled), "cProfile": under_cprofile, "no probe": times(empty)},
        {"lagom exact": ("original", 10.0)},
    ),
    (
        "one sample of the process",
        ["lagom", "lagom sample_now"],
        {
            "psutil memory_info": times(lambda _: PROCESS.memory_info()),
            "psutil num_threads": times(lambda _: PROCESS.num_threads()),
            "psutil open_files": times(lambda _: PROCESS.open_files()),
        },
        {"lagom": ("psutil memory_info", 8.0)},
    ),
]


class Ours:
    """The runner, waiting for names of cases."""

    def __init__(self, runner):
        self.runner = subprocess.Popen(
            [runner, "profiler", "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def time(self, case, contender):
        print(f"{case}\t{contender}", file=self.runner.stdin, flush=True)
        line = self.runner.stdout.readline()
        try:
            return float(line)
        except ValueError:
            sys.exit(f"{case}: {line.strip() or 'the runner has ended'}")


def calls_for(run):
    return max(1, min(100_000, round(BATCH * 1e9 / run(100))))


def measure(ours, case, contenders, rivals, goals, rounds):
    calls = {rival: calls_for(run) for rival, run in rivals.items()}
    least = dict.fromkeys([*contenders, *rivals], float("inf"))
    for _ in range(rounds):
        for rival, run in rivals.items():
            least[rival] = min(least[rival], run(calls[rival]))
        for contender in contenders:
            least[contender] = min(least[contender], ours.time(case, contender))
    heads = "".join(f"{'/ ' + contender:>17}" for contender in contenders)
    print(f"{case:<30}{'ns':>12}{heads}")
    for name in sorted(least, key=least.get):
        against = "".join(f"{least[name] / least[contender]:>16.1f}x" for contender in contenders)
        print(f"    {name:<26}{least[name]:>12.1f}{against}")
    for contender, (rival, goal) in goals.items():
        ratio = least[rival] / least[contender]
        print(f"    {'ok' if ratio >= goal else 'MISSED'}: {rival} takes {ratio:.3g}x {contender}, goal {goal}x", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runner", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--filter", default="", help="only cases whose name contains this text")
    args = parser.parse_args()
    rounds = 1 if args.smoke else 10 if args.quick else 40
    for x in range(2 * KEPT):
        profiled(x)
    if [len(records) for records in ORIGINAL.records.values()] != [KEPT]:
        sys.exit("the original does not keep its last thousand records")
    print("Best of all rounds, ns, the call or the loop included, and how often that of ours.")
    ours = Ours(args.runner)
    for case, contenders, rivals, goals in CASES:
        if args.filter in case:
            measure(ours, case, contenders, rivals, goals, rounds)


if __name__ == "__main__":
    main()

"""Fetches from databases that take 3 s, as many at once as the pool has threads.

Mirrors article 3, "Threadpool example": a pool of min(32, CPUs + 4) threads, ThreadPoolExecutor's default.
How it waits: each thread of the pool blocks in `clock_nanosleep` until its time is over.
Expected wall time: 2 tasks ÷ 2 at once × 3 s = 3 s; 1000 tasks ÷ 6 threads (2 CPUs) × 3 s ≈ 501 s;
with `--concurrency 1000` 3 s.

    target/python/bin/python scripts/python/sleep_threaded.py dog cat
"""

import argparse
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

# Without it, CPython 3.8 to 3.12 lose lines that several threads print into a file.
printing = threading.Lock()


def fetch_database(name, seconds):
    """Stands for a query that takes so long."""
    tell(f"Fetching database {name}")
    time.sleep(seconds)
    tell(f"Done fetching database {name}")


def main():
    start = time.perf_counter()
    cpus = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description="Fetches from databases that take their time, "
                                                 "as many at once as the pool has threads.")
    parser.add_argument("names", metavar="NAME", nargs="*", help="names of the databases [default: dog cat]")
    parser.add_argument("--tasks", metavar="N", type=int, help="take the names 0 to N-1")
    parser.add_argument("--seconds", metavar="SECONDS", type=float, default=3.0, help="how long one database takes")
    parser.add_argument("--concurrency", metavar="N", type=int, default=min(32, cpus + 4),
                        help="threads in the pool")
    args = parser.parse_args()
    if args.tasks is not None and (args.names or not 1 <= args.tasks <= 1_000_000):
        parser.error("--tasks: must be 1 to 1000000, without names")
    if not 0 <= args.seconds <= 86_400:
        parser.error("--seconds: must be 0 or more, and a day at most")
    if not 1 <= args.concurrency <= 10_000:
        parser.error("--concurrency: must be 1 to 10000")
    names = range(args.tasks) if args.tasks else args.names or ["dog", "cat"]

    tell("This is executing on")
    with ThreadPoolExecutor(args.concurrency) as pool:
        try:
            futures = [pool.submit(fetch_database, name, args.seconds) for name in names]
        except RuntimeError as error:
            parser.error(f"--concurrency: {error}: ask for fewer, or raise the limit of threads")
        tell("This is still running in")
        ok = sum(future.exception() is None for future in futures)

    failed = len(names) - ok
    print(f"{ok} ok, {failed} failed in {time.perf_counter() - start:.3f} s")
    return min(failed, 1)


def tell(what):
    """Prints this, with the name of the thread that does it."""
    with printing:
        print(what, threading.current_thread().name)


if __name__ == "__main__":
    sys.exit(main())

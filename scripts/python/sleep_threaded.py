"""Fetches from databases that take 3 s, as many at once as the pool has threads.

Mirrors article 3, "Threadpool example": a pool of min(32, CPUs + 4) threads, ThreadPoolExecutor's default.
How it waits: each thread of the pool blocks in `clock_nanosleep` until its time is over.
Expected wall time: 2 tasks ÷ 2 at once × 3 s = 3 s; 1000 tasks ÷ 6 threads (2 CPUs) × 3 s ≈ 501 s;
with `--concurrency 1000` 3 s.

    target/python/bin/python scripts/python/sleep_threaded.py dog cat
"""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import common

# Without it, CPython 3.8 to 3.12 lose lines that several threads print into a file.
printing = threading.Lock()


def fetch_database(name, seconds):
    """Stands in for a slow query."""
    tell(f"Fetching database {name}")
    time.sleep(seconds)
    tell(f"Done fetching database {name}")


def main():
    parser = common.arguments("Fetches from databases that take their time, as many at once as the pool has threads.")
    common.add_tasks(parser)
    common.add_concurrency(parser, min(32, common.CPUS + 4), 10_000, "threads in the pool")
    args = parser.parse_args()
    names = common.task_names(parser, args)

    tally = common.Tally(len(names))
    tell("This is executing on")
    with ThreadPoolExecutor(args.concurrency) as pool:
        try:
            futures = [pool.submit(fetch_database, name, args.seconds) for name in names]
        except RuntimeError as error:
            parser.error(f"--concurrency: {error}: ask for fewer, or raise the limit of threads")
        tell("This is still running in")
        tally.ok = sum(future.exception() is None for future in futures)
    return tally.finish()


def tell(what):
    """Prints this, with the name of the thread that does it."""
    with printing:
        print(what, threading.current_thread().name)


if __name__ == "__main__":
    sys.exit(main())

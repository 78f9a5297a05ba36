"""Fetches from databases that take 3 s, all at once.

Mirrors article 3, "Asyncio example": one thread, one event loop, a task for each database. --uvloop is article
1's: the same on another event loop.
How it waits: the thread sleeps in `epoll_wait` until the first timer is over, then runs that timer's task.
Expected wall time: 2 or 1000 tasks, all at once, × 3 s = 3 s.

    target/python/bin/python scripts/python/sleep_asyncio.py dog cat
"""

import argparse
import asyncio
import sys
import threading
import time


async def fetch_database(name, seconds):
    """Stands for a query that takes so long."""
    tell(f"Fetching database {name}")
    await asyncio.sleep(seconds)
    tell(f"Done fetching database {name}")


def main():
    start = time.perf_counter()
    parser = argparse.ArgumentParser(description="Fetches from databases that take their time, all at once.")
    parser.add_argument("names", metavar="NAME", nargs="*", help="names of the databases [default: dog cat]")
    parser.add_argument("--tasks", metavar="N", type=int, help="take the names 0 to N-1")
    parser.add_argument("--seconds", metavar="SECONDS", type=float, default=3.0, help="how long one database takes")
    parser.add_argument("--concurrency", metavar="N", type=int, default=sys.maxsize,
                        help="databases fetched from at once [default: all]")
    parser.add_argument("--uvloop", action="store_true", help="run on uvloop in place of asyncio's own event loop")
    args = parser.parse_args()
    if args.tasks is not None and (args.names or not 1 <= args.tasks <= 1_000_000):
        parser.error("--tasks: must be 1 to 1000000, without names")
    if not 0 <= args.seconds <= 86_400:
        parser.error("--seconds: must be 0 or more, and a day at most")
    if args.concurrency < 1:
        parser.error("--concurrency: must be more than 0")
    names = range(args.tasks) if args.tasks else args.names or ["dog", "cat"]

    tell("This is executing on")
    loop_factory = None
    if args.uvloop:
        from uvloop import new_event_loop as loop_factory
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        ok = runner.run(fetch_all(names, args))

    failed = len(names) - ok
    print(f"{ok} ok, {failed} failed in {time.perf_counter() - start:.3f} s")
    return min(failed, 1)


async def fetch_all(names, args):
    """Fetches from all databases; returns how many."""
    slots = asyncio.Semaphore(args.concurrency)

    async def one(name):
        async with slots:
            await fetch_database(name, args.seconds)

    tasks = [asyncio.create_task(one(name)) for name in names]
    tell("This is still running in")
    return len(await asyncio.gather(*tasks))


def tell(what):
    """Prints this, with the name of the thread that does it."""
    print(what, threading.current_thread().name)


if __name__ == "__main__":
    sys.exit(main())

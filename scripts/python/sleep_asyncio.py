"""Fetches from databases that take 3 s, all at once.

Mirrors article 3, "Asyncio example": one thread, one event loop, a task for each database. --uvloop is article
1's: the same on another event loop.
How it waits: the thread sleeps in `epoll_wait` until the first timer is over, then runs that timer's task.
Expected wall time: 2 or 1000 tasks, all at once, × 3 s = 3 s.

    target/python/bin/python scripts/python/sleep_asyncio.py dog cat
"""

import asyncio
import sys
import threading

import common


async def fetch_database(name, seconds):
    """Stands in for a slow query."""
    tell(f"Fetching database {name}")
    await asyncio.sleep(seconds)
    tell(f"Done fetching database {name}")


def main():
    parser = common.arguments("Fetches from databases that take their time, all at once.")
    common.add_tasks(parser)
    common.add_concurrency(parser, sys.maxsize, sys.maxsize, "databases fetched from at once [default: all]")
    common.add_uvloop(parser)
    args = parser.parse_args()
    names = common.task_names(parser, args)

    tally = common.Tally(len(names))
    tell("This is executing on")
    with asyncio.Runner(loop_factory=common.event_loop(args)) as runner:
        tally.ok = runner.run(fetch_all(names, args))
    return tally.finish()


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

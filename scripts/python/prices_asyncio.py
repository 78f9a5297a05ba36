"""Fetches the bus prices of 100 days, all at once.

Mirrors article 4, asyncio: one thread, one event loop, a task for each day. --uvloop is article 1's: the same on
another event loop.
How it waits: the thread sleeps in `epoll_wait` until the server has answered any day, then runs that day's task.
Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s, had Python no work of its own.
Each day has a connection of its own; no proxy, no redirects.

    target/python/bin/python scripts/python/prices_asyncio.py BASE_URL
"""

import argparse
import asyncio
import json
import resource
import sys
import threading
import time
from datetime import date, timedelta
from urllib.parse import urlsplit

import aiohttp


async def fetch(session, base, day, timeout):
    """Fetches the prices of a day; returns the cheapest and the mean, or what went wrong."""
    try:
        async with session.get(f"{base}/prices?date={day}", allow_redirects=False) as response:
            if response.status // 100 != 2:
                raise OSError(f"{response.status} {response.reason}")
            return parse(await response.read())
    except TimeoutError:
        return TimeoutError(f"no answer in {timeout:g} s")
    except Exception as error:  # whatever becomes of a day, the others go on
        return error


def main():
    start = time.perf_counter()
    parser = argparse.ArgumentParser(description="Fetches bus prices, all at once.")
    parser.add_argument("base", metavar="BASE_URL", type=base_url, help="where the server is, as http://host:port")
    parser.add_argument("--days", metavar="N", type=int, default=100, help="how many days from 2026-01-01 on")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=10.0,
                        help="how long one day may take")
    parser.add_argument("--memory", metavar="FILE", type=argparse.FileType("w", bufsize=1),
                        help="where to write this program's memory over time")
    parser.add_argument("--concurrency", metavar="N", type=int, default=sys.maxsize,
                        help="days fetched at once [default: all]")
    parser.add_argument("--uvloop", action="store_true", help="run on uvloop in place of asyncio's own event loop")
    args = parser.parse_args()
    if not 1 <= args.days <= 10_000:
        parser.error("--days: must be 1 to 10000")
    if not 0 < args.timeout <= 86_400:
        parser.error("--timeout: must be more than 0, and a day at most")
    if args.concurrency < 1:
        parser.error("--concurrency: must be more than 0")
    if args.memory:
        sample_memory(args.memory)
    dates = [date(2026, 1, 1) + timedelta(day) for day in range(args.days)]

    # A connection is a file: the usual limit of 1024 is soon too low.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    loop_factory = None
    if args.uvloop:
        from uvloop import new_event_loop as loop_factory
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        days = runner.run(fetch_all(dates, args))

    failed = args.days - report(dates, days)
    print(f"{args.days - failed} ok, {failed} failed in {time.perf_counter() - start:.3f} s")
    return min(failed, 1)


async def fetch_all(dates, args):
    """Fetches all days; returns what `fetch` says of each."""
    slots = asyncio.Semaphore(args.concurrency)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)  # the limit is the number of slots

    async def one(day):
        async with slots:
            return await fetch(session, args.base, day, args.timeout)

    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(args.timeout)) as session:
        return await asyncio.gather(*[asyncio.create_task(one(day)) for day in dates])


def parse(text):
    """Finds the cheapest and the mean price; the server tells them in cents."""
    prices = [departure["price"] / 100 for departure in json.loads(text)["departures"]]
    if not prices:
        raise ValueError("no departures")
    return min(prices), sum(prices) / len(prices)


def report(dates, days):
    """Prints the days, on stderr those that failed; returns the number of the others."""
    ok = []
    for day, result in zip(dates, days):
        if isinstance(result, Exception):
            print(f"{day}: {type(result).__name__}: {result}".splitlines()[0], file=sys.stderr)
        else:
            print(f"{day} cheapest {result[0]:.2f} mean {result[1]:.2f}")
            ok.append((result[0], day))
    if ok:
        print(f"Cheapest day: {min(ok)[1]} at {min(ok)[0]:.2f}")
    return len(ok)


def sample_memory(file):
    """Has a thread write this program's resident set every 10 ms, a line `seconds,rss_bytes` a sample."""
    # By a thread: given a function to run, or as `mprof run`, memory_profiler takes its samples in another process,
    # which would count as the program's own. What it imports itself, about 5 MiB, is in the samples.
    from memory_profiler import memory_usage

    def sample():
        while True:
            [(mebibytes, now)] = memory_usage(-1, interval=0.01, timestamps=True)  # sleeps for the interval, too
            file.write(f"{now - start:.4f},{mebibytes * 2**20:.0f}\n")

    start = time.time()
    file.write("seconds,rss_bytes\n")
    threading.Thread(target=sample, daemon=True).start()


def base_url(text):
    """Checks the server's address. urlsplit raises ValueError for a bad port."""
    url = urlsplit(text)
    if url.scheme != "http" or not url.hostname or url.port == 0:
        raise argparse.ArgumentTypeError(f"{text} is no http:// URL")
    return text.rstrip("/")


if __name__ == "__main__":
    sys.exit(main())

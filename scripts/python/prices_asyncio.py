"""Fetches the bus prices of 100 days, all at once.

Mirrors article 4, asyncio: one thread, one event loop, a task for each day. --uvloop is article 1's: the same on
another event loop.
How it waits: the thread sleeps in `epoll_wait` until the server has answered any day, then runs that day's task.
Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s, had Python no work of its own.
Each day has a connection of its own; no proxy, no redirects.

    target/python/bin/python scripts/python/prices_asyncio.py BASE_URL
"""

import asyncio
import sys

import aiohttp

import common
import days


async def fetch(session, base, day, timeout):
    """Fetches the prices of a day; returns the cheapest and the mean, or what went wrong."""
    try:
        async with session.get(f"{base}/prices?date={day}", allow_redirects=False) as response:
            if response.status // 100 != 2:
                raise OSError(f"{response.status} {response.reason}")
            return days.parse(await response.read())
    except TimeoutError:
        return TimeoutError(f"no answer in {timeout:g} s")
    except Exception as error:  # whatever becomes of a day, the others go on
        return error


def main():
    parser = days.arguments("Fetches bus prices, all at once.", "one day")
    common.add_concurrency(parser, sys.maxsize, sys.maxsize, "days fetched at once [default: all]")
    common.add_uvloop(parser)
    args = parser.parse_args()
    common.allow_connections()
    with asyncio.Runner(loop_factory=common.event_loop(args)) as runner:
        return days.report(args, runner.run(fetch_all(args)))


async def fetch_all(args):
    """Fetches all days; returns what `fetch` says of each."""
    slots = asyncio.Semaphore(args.concurrency)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)  # the limit is the number of slots

    async def one(day):
        async with slots:
            return await fetch(session, args.base, day, args.timeout)

    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(args.timeout)) as session:
        return await asyncio.gather(*[asyncio.create_task(one(day)) for day in days.dates(args)])


if __name__ == "__main__":
    sys.exit(main())

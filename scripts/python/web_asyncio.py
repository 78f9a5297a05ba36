"""Downloads web pages, all at once.

Mirrors article 2, "Practical Example with asyncio"; where that sleeps for 2 s, here the server takes them to
answer. --uvloop is article 1's: the same on another event loop.
How it waits: the thread sleeps in `epoll_wait` until any page moves on, then runs that page's task.
Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s.
Each page has a connection of its own; no proxy, no redirects.

    target/python/bin/python scripts/python/web_asyncio.py http://127.0.0.1:8000/page
"""

import asyncio
import sys

import aiohttp

import common
import pages


async def download(session, url):
    """Downloads a page and returns its size in bytes."""
    print(f"Starting download: {url}")
    async with session.get(url, allow_redirects=False) as response:
        if response.status // 100 != 2:
            raise OSError(f"{response.status} {response.reason}")
        return len(await response.read())


def main():
    parser = pages.arguments("Downloads web pages, all at once.", "one page")
    common.add_concurrency(parser, sys.maxsize, sys.maxsize, "pages downloaded at once [default: all]")
    common.add_uvloop(parser)
    args = parser.parse_args()
    common.allow_connections()
    totals = pages.Totals(len(args.urls))
    with asyncio.Runner(loop_factory=common.event_loop(args)) as runner:
        runner.run(download_all(args, totals))
    return totals.finish()


async def download_all(args, totals):
    """Downloads all pages."""
    slots = asyncio.Semaphore(args.concurrency)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)  # the limit is the number of slots

    async def one(url):
        async with slots:
            try:
                size = await download(session, url)
            except TimeoutError:
                size = TimeoutError(f"no answer in {args.timeout:g} s")
            except Exception as error:  # whatever becomes of a page, the others go on
                size = error
            totals.report(url, size)

    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(args.timeout)) as session:
        await asyncio.gather(*[asyncio.create_task(one(url)) for url in args.urls])


if __name__ == "__main__":
    sys.exit(main())

"""Downloads web pages, all at once.

Mirrors article 2, "Practical Example with asyncio"; where that sleeps for 2 s, here the server takes them to
answer. --uvloop is article 1's: the same on another event loop.
How it waits: the thread sleeps in `epoll_wait` until any page moves on, then runs that page's task.
Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s.
Each page has a connection of its own; no proxy, no redirects.

    target/python/bin/python scripts/python/web_asyncio.py http://127.0.0.1:8000/page
"""

import argparse
import asyncio
import resource
import sys
import time
from urllib.parse import urlsplit

import aiohttp


async def download(session, url):
    """Downloads a page and returns its size in bytes."""
    print(f"Starting download: {url}")
    async with session.get(url, allow_redirects=False) as response:
        if response.status // 100 != 2:
            raise OSError(f"{response.status} {response.reason}")
        return len(await response.read())


def main():
    start = time.perf_counter()
    parser = argparse.ArgumentParser(description="Downloads web pages, all at once.")
    parser.add_argument("urls", metavar="URL", nargs="+", type=page, help="pages, as http://host:port/path")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=10.0,
                        help="how long one page may take")
    parser.add_argument("--concurrency", metavar="N", type=int, default=sys.maxsize,
                        help="pages downloaded at once [default: all]")
    parser.add_argument("--uvloop", action="store_true", help="run on uvloop in place of asyncio's own event loop")
    args = parser.parse_args()
    if not 0 < args.timeout <= 86_400:
        parser.error("--timeout: must be more than 0, and a day at most")
    if args.concurrency < 1:
        parser.error("--concurrency: must be more than 0")

    # A connection is a file: the usual limit of 1024 is soon too low.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    loop_factory = None
    if args.uvloop:
        from uvloop import new_event_loop as loop_factory
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        sizes = runner.run(download_all(args))

    took, failed = time.perf_counter() - start, len(args.urls) - len(sizes)
    print(f"Total run time: {took:.2f} s")
    print(f"Total size: {sum(sizes)} bytes")
    print(f"{len(sizes)} ok, {failed} failed in {took:.3f} s")
    return min(failed, 1)


async def download_all(args):
    """Downloads all pages; returns their sizes."""
    slots = asyncio.Semaphore(args.concurrency)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)  # the limit is the number of slots

    async def one(url):
        async with slots:
            try:
                result = await download(session, url)
            except TimeoutError:
                result = TimeoutError(f"no answer in {args.timeout:g} s")
            except Exception as error:  # whatever becomes of a page, the others go on
                result = error
            return report(url, result)

    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(args.timeout)) as session:
        tasks = [asyncio.create_task(one(url)) for url in args.urls]
        return sum(await asyncio.gather(*tasks), [])


def report(url, result):
    """Prints a page's size on stdout, or its error on stderr; returns a list of the size, if any."""
    if not isinstance(result, Exception):
        print(f"Finished download: {url}, size: {result} bytes")
        return [result]
    cause = f"{type(result).__name__}: {result}".splitlines()[0]
    print(f"{url}: {cause}", file=sys.stderr)
    return []


def page(text):
    """Checks a page's URL. urlsplit raises ValueError for a bad port."""
    url = urlsplit(text)
    if url.scheme != "http" or not url.hostname or url.port == 0:
        raise argparse.ArgumentTypeError(f"{text} is no http:// URL")
    return text


if __name__ == "__main__":
    sys.exit(main())

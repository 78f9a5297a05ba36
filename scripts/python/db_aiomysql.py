"""Asks 500 MySQL hosts, all at once.

Mirrors article 1, "Asyncio", and with --uvloop "Asyncio with uvloop", without the layers above the driver: as
fast as Python with a well-kept driver gets. No SQLAlchemy to import, no pool, no statement but the query.
How it waits: the thread sleeps in `epoll_wait` until any host has answered, then runs that host's task.
Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s, had Python no work of its own.

    target/python/bin/python scripts/python/db_aiomysql.py --urls FILE
"""

import argparse
import asyncio
import os
import re
import resource
import sys
import time
from urllib.parse import unquote

import aiomysql

URL = re.compile(r"mysql://([^\s:@/]+):([^\s@/]*)@(([^\s:@/]+):(\d{1,5}))/(\w+)")


async def query(url, sql):
    """Opens a connection, asks, and closes the connection."""
    user, password, _, host, port, database = map(unquote, URL.fullmatch(url).groups())
    # The hosts are in autocommit mode already: aiomysql's default would turn it off with a statement of its own.
    async with aiomysql.connect(host=host, port=int(port), user=user, password=password, db=database,
                                autocommit=True) as connection, connection.cursor() as cursor:
        await cursor.execute(sql)
        row = await cursor.fetchone()
    if row is None:
        raise LookupError("no row")
    return row


def main():
    start = time.perf_counter()
    parser = argparse.ArgumentParser(description="Asks MySQL hosts, all at once.")
    parser.add_argument("--urls", metavar="FILE", type=read_urls, default=os.environ.get("DB_URLS"),
                        help="one mysql://user:password@host:port/database a line; also $DB_URLS")
    parser.add_argument("--query", metavar="SQL", default="select sleep(0.1)", help="what to ask")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=10.0,
                        help="how long one host may take")
    parser.add_argument("--concurrency", metavar="N", type=int, default=sys.maxsize,
                        help="hosts asked at once [default: all]")
    parser.add_argument("--uvloop", action="store_true", help="run on uvloop in place of asyncio's own event loop")
    args = parser.parse_args()
    if not args.urls:
        parser.error("--urls FILE is missing")
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
        ok = runner.run(ask_all(args))

    failed = len(args.urls) - ok
    print(f"{ok} ok, {failed} failed in {time.perf_counter() - start:.3f} s")
    return min(failed, 1)


async def ask_all(args):
    """Asks all hosts; returns the number of rows."""
    slots = asyncio.Semaphore(args.concurrency)

    async def ask(url):
        async with slots:
            try:
                async with asyncio.timeout(args.timeout):
                    result = await query(url, args.query)
            except TimeoutError:
                result = TimeoutError(f"no answer in {args.timeout:g} s")
            except Exception as error:  # whatever a host does, the others go on
                # The driver tells that it cannot connect, and leaves the reason to what caused its error.
                result = error.__cause__ if isinstance(error.__cause__, OSError) else error
            return report(url, result)

    tasks = [asyncio.create_task(ask(url)) for url in args.urls]
    return sum(await asyncio.gather(*tasks))


def report(url, result):
    """Prints a host's row on stdout, or its error on stderr; returns the number of rows."""
    if not isinstance(result, Exception):
        print(result)
        return 1
    cause = f"{type(result).__name__}: {result}".splitlines()[0]
    print(f"{URL.fullmatch(url)[3]}: {cause}", file=sys.stderr)
    return 0


def read_urls(file):
    """Reads the URL file. A bad line is named by its number alone: it may hold a password."""
    try:
        with open(file, encoding="utf-8") as text:
            urls = text.read().splitlines()
    except OSError as error:
        raise argparse.ArgumentTypeError(error) from error
    for number, url in enumerate(urls, 1):
        if not URL.fullmatch(url):
            raise argparse.ArgumentTypeError(f"line {number} is no mysql://user:password@host:port/database")
    if not urls:
        raise argparse.ArgumentTypeError("the file is empty")
    return urls


if __name__ == "__main__":
    sys.exit(main())

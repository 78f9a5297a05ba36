"""Asks 500 MySQL hosts, as many at once as there are worker processes.

Mirrors article 1, "Multiprocessing": a worker process for each CPU, ProcessPoolExecutor's default.
How it waits: each worker blocks in `recv` until its host has answered, and is then handed the next host.
A worker that is killed takes the pool with it: all hosts that have not answered yet fail.
Expected wall time: 500 hosts ÷ 2 processes (2 CPUs) × 0.1 s = 25 s.

    target/python/bin/python scripts/python/db_multiprocess.py --urls FILE
"""

import argparse
import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import records

URL = re.compile(r"mysql://[^\s:@/]+:[^\s@/]*@([^\s:@/]+:\d{1,5})/\w+")


def query(url, sql, timeout):
    """Opens a connection, asks, and closes the connection."""
    options = {"connect_timeout": timeout, "read_timeout": timeout, "write_timeout": timeout}
    # PyMySQL would else load all CA certificates for each connection, even if the host knows no TLS.
    options["ssl_disabled"] = True
    url = url.replace("mysql:", "mysql+pymysql:", 1) + "?charset=utf8mb4"
    # Its own query() would leave the connection open until the garbage collector finds it.
    with records.Database(url, connect_args=options) as host, host.get_connection() as connection:
        return str(connection.query(sql).first(LookupError("no row")))


def main():
    start = time.perf_counter()
    cpus = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description="Asks MySQL hosts, as many at once as there are worker processes.")
    parser.add_argument("--urls", metavar="FILE", type=read_urls, default=os.environ.get("DB_URLS"),
                        help="one mysql://user:password@host:port/database a line; also $DB_URLS")
    parser.add_argument("--query", metavar="SQL", default="select sleep(0.1)", help="what to ask")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=10.0,
                        help="how long each wait for a host may take")
    parser.add_argument("--concurrency", metavar="N", type=int, default=cpus,
                        help="worker processes")
    args = parser.parse_args()
    if not args.urls:
        parser.error("--urls FILE is missing")
    if not 0 < args.timeout <= 86_400:
        parser.error("--timeout: must be more than 0, and a day at most")
    if not 1 <= args.concurrency <= 1000:
        parser.error("--concurrency: must be 1 to 1000")

    ok = 0
    # Forked, as in the article: workers started afresh, Python 3.14's default, would each import all again.
    with ProcessPoolExecutor(min(args.concurrency, len(args.urls)), get_context("fork")) as pool:
        futures = {pool.submit(query, url, args.query, args.timeout): url for url in args.urls}
        for future in as_completed(futures):
            ok += report(futures[future], future.exception() or future.result())

    failed = len(args.urls) - ok
    print(f"{ok} ok, {failed} failed in {time.perf_counter() - start:.3f} s")
    return min(failed, 1)


def report(url, result):
    """Prints a host's row on stdout, or its error on stderr; returns the number of rows."""
    if not isinstance(result, Exception):
        print(result)
        return 1
    cause = f"{type(result).__name__}: {result}".splitlines()[0]
    print(f"{URL.fullmatch(url)[1]}: {cause}", file=sys.stderr)
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

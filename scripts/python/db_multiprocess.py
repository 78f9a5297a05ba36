"""Asks 500 MySQL hosts, as many at once as there are worker processes.

Mirrors article 1, "Multiprocessing": a worker process for each CPU, ProcessPoolExecutor's default.
How it waits: each worker blocks in `recv` until its host has answered, and is then handed the next host.
A worker that is killed takes the pool with it: all hosts that have not answered yet fail.
Expected wall time: 500 hosts ÷ 2 processes (2 CPUs) × 0.1 s = 25 s.

    target/python/bin/python scripts/python/db_multiprocess.py --urls FILE
"""

import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import records

import common


def query(url, sql, timeout):
    """Opens a connection, asks, and closes the connection."""
    options = {"connect_timeout": timeout, "read_timeout": timeout, "write_timeout": timeout}
    # PyMySQL would else load all CA certificates for each connection, even if the host knows no TLS.
    options["ssl_disabled"] = True
    url = url.replace("mysql:", "mysql+pymysql:", 1) + "?charset=utf8mb4"
    # Its own query() would leave the connection open until the garbage collector finds it.
    with records.Database(url, connect_args=options) as database, database.get_connection() as connection:
        return str(connection.query(sql).first(LookupError("no row")))


def main():
    parser = common.arguments("Asks MySQL hosts, as many at once as there are worker processes.")
    common.add_hosts(parser)
    common.add_timeout(parser, "each wait for a host")
    common.add_concurrency(parser, common.CPUS, 1000, "worker processes")
    args = parser.parse_args()

    tally = common.Tally(len(args.urls))
    # Forked, as in the article: workers started afresh, Python 3.14's default, would each import all again.
    with ProcessPoolExecutor(min(args.concurrency, len(args.urls)), get_context("fork")) as pool:
        futures = {pool.submit(query, url, args.query, args.timeout): url for url in args.urls}
        for future in as_completed(futures):
            tally.report(common.host(futures[future]), future.exception() or future.result())
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())

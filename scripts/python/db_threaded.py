"""Asks 500 MySQL hosts, as many at once as the pool has threads.

Mirrors article 1, "Multithreading": a pool of min(32, CPUs + 4) threads, ThreadPoolExecutor's default.
How it waits: each thread of the pool blocks in `recv` until its host has answered.
Expected wall time: 500 hosts ÷ 6 threads (2 CPUs) × 0.1 s ≈ 8.4 s; with `--concurrency 500` 0.1 s,
had Python no work of its own.

    target/python/bin/python scripts/python/db_threaded.py --urls FILE
"""

import sys
from concurrent.futures import ThreadPoolExecutor, as_completed

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
    parser = common.arguments("Asks MySQL hosts, as many at once as the pool has threads.")
    common.add_hosts(parser)
    common.add_timeout(parser, "each wait for a host")
    common.add_concurrency(parser, min(32, common.CPUS + 4), 10_000, "threads in the pool")
    args = parser.parse_args()
    common.allow_connections()

    tally = common.Tally(len(args.urls))
    with ThreadPoolExecutor(args.concurrency) as pool:
        try:
            futures = {pool.submit(query, url, args.query, args.timeout): url for url in args.urls}
        except RuntimeError as error:
            parser.error(f"--concurrency: {error}: ask for fewer, or raise the limit of threads")
        for future in as_completed(futures):
            tally.report(common.host(futures[future]), future.exception() or future.result())
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())

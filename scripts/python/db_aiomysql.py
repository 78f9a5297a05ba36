"""Asks 500 MySQL hosts, all at once.

Mirrors article 1, "Asyncio", and with --uvloop "Asyncio with uvloop", without the layers above the driver: as
fast as Python with a well-kept driver gets. No SQLAlchemy to import, no pool, no statement but the query.
How it waits: the thread sleeps in `epoll_wait` until any host has answered, then runs that host's task.
Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s, had Python no work of its own.

    target/python/bin/python scripts/python/db_aiomysql.py --urls FILE
"""

import asyncio
import sys
from urllib.parse import unquote

import aiomysql

import common


async def query(url, sql):
    """Opens a connection, asks, and closes the connection."""
    user, password, _, host, port, database = map(unquote, common.MYSQL_URL.fullmatch(url).groups())
    # The hosts are in autocommit mode already: aiomysql's default would turn it off with a statement of its own.
    async with aiomysql.connect(host=host, port=int(port), user=user, password=password, db=database,
                                autocommit=True) as connection, connection.cursor() as cursor:
        await cursor.execute(sql)
        row = await cursor.fetchone()
    if row is None:
        raise LookupError("no row")
    return row


def main():
    parser = common.arguments("Asks MySQL hosts, all at once.")
    common.add_hosts(parser)
    common.add_timeout(parser, "one host")
    common.add_concurrency(parser, sys.maxsize, sys.maxsize, "hosts asked at once [default: all]")
    common.add_uvloop(parser)
    args = parser.parse_args()
    common.allow_connections()

    tally = common.Tally(len(args.urls))
    with asyncio.Runner(loop_factory=common.event_loop(args)) as runner:
        runner.run(ask_all(args, tally))
    return tally.finish()


async def ask_all(args, tally):
    """Asks all hosts."""
    slots = asyncio.Semaphore(args.concurrency)

    async def ask(url):
        async with slots:
            try:
                async with asyncio.timeout(args.timeout):
                    row = await query(url, args.query)
            except TimeoutError:
                row = TimeoutError(f"no answer in {args.timeout:g} s")
            except Exception as error:  # whatever a host does, the others go on
                # The driver tells that it cannot connect, and leaves the reason to what caused its error.
                row = error.__cause__ if isinstance(error.__cause__, OSError) else error
            tally.report(common.host(url), row)

    await asyncio.gather(*[asyncio.create_task(ask(url)) for url in args.urls])


if __name__ == "__main__":
    sys.exit(main())

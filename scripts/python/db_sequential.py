"""Asks 500 MySQL hosts, one after the other.

Mirrors article 1, "Sequential Execution".
How it waits: the one thread blocks in `recv` until its host has answered.
Expected wall time: 500 hosts × 0.1 s = 50 s.

    target/python/bin/python scripts/python/db_sequential.py --urls FILE
"""

import sys

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
    parser = common.arguments("Asks MySQL hosts, one after the other.")
    common.add_hosts(parser)
    common.add_timeout(parser, "each wait for a host")
    args = parser.parse_args()

    tally = common.Tally(len(args.urls))
    for url in args.urls:
        try:
            row = query(url, args.query, args.timeout)
        except Exception as error:  # whatever a host does, the others go on
            row = error
        tally.report(common.host(url), row)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())

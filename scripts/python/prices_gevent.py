"""Fetches the bus prices of 100 days, all at once.

Mirrors article 4, gevent: the blocking code of `prices_threaded.py`, on a greenlet for each day.
How it waits: where the code would block in `recv`, gevent runs another greenlet, and sleeps in `epoll_wait` when
there is none.
Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s, had Python no work of its own.
Each day has a connection of its own; no proxy, no redirects.

    target/python/bin/python scripts/python/prices_gevent.py BASE_URL
"""

from gevent import monkey

monkey.patch_all()  # before anything else is imported, so that all of it waits gevent's way

import sys

import requests
from gevent.pool import Pool

import common
import days


def fetch(base, day, timeout):
    """Fetches the prices of a day; returns the cheapest and the mean, or what went wrong."""
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy
            response = session.get(f"{base}/prices?date={day}", timeout=timeout, allow_redirects=False)
        if response.status_code // 100 != 2:
            raise OSError(f"{response.status_code} {response.reason}")
        return days.parse(response.content)
    except requests.Timeout:
        return TimeoutError(f"no answer in {timeout:g} s")
    except Exception as error:  # whatever becomes of a day, the others go on
        return error


def main():
    parser = days.arguments("Fetches bus prices, all at once.", "each wait for a day")
    common.add_concurrency(parser, sys.maxsize, sys.maxsize, "days fetched at once [default: all]")
    args = parser.parse_args()
    common.allow_connections()
    pool = Pool(min(args.concurrency, args.days))
    return days.report(args, pool.map(lambda day: fetch(args.base, day, args.timeout), days.dates(args)))


if __name__ == "__main__":
    sys.exit(main())

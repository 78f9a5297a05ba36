"""Fetches the bus prices of 100 days, as many days at once as the pool has threads.

Mirrors article 4, multithreading: a pool of min(32, CPUs + 4) threads, ThreadPoolExecutor's default.
How it waits: each thread of the pool blocks in `recv` until the server has answered.
Expected wall time: 100 days ÷ 6 threads (2 CPUs) × 0.29 s ≈ 4.9 s; with `--concurrency 100` 0.29 s,
had Python no work of its own.
Each day has a connection of its own; no proxy, no redirects.

    target/python/bin/python scripts/python/prices_threaded.py BASE_URL
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import requests

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
    parser = days.arguments("Fetches bus prices, as many days at once as the pool has threads.", "each wait for a day")
    common.add_concurrency(parser, min(32, common.CPUS + 4), 10_000, "threads in the pool")
    args = parser.parse_args()
    common.allow_connections()
    with ThreadPoolExecutor(args.concurrency) as pool:
        try:
            outcomes = list(pool.map(lambda day: fetch(args.base, day, args.timeout), days.dates(args)))
        except RuntimeError as error:
            parser.error(f"--concurrency: {error}: ask for fewer, or raise the limit of threads")
    return days.report(args, outcomes)


if __name__ == "__main__":
    sys.exit(main())

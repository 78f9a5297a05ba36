"""Fetches the bus prices of 100 days, one day after the other.

Mirrors article 4, "Synchronous processing".
How it waits: the one thread blocks in `recv` until the server has answered.
Expected wall time: 100 days × 0.29 s = 29 s.
Each day has a connection of its own; no proxy, no redirects.

    target/python/bin/python scripts/python/prices_sequential.py BASE_URL
"""

import argparse
import json
import sys
import threading
import time
from datetime import date, timedelta
from urllib.parse import urlsplit

import requests


def fetch(base, day, timeout):
    """Fetches the prices of a day; returns the cheapest and the mean, or what went wrong."""
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy
            response = session.get(f"{base}/prices?date={day}", timeout=timeout, allow_redirects=False)
        if response.status_code // 100 != 2:
            raise OSError(f"{response.status_code} {response.reason}")
        return parse(response.content)
    except requests.Timeout:
        return TimeoutError(f"no answer in {timeout:g} s")
    except Exception as error:  # whatever becomes of a day, the others go on
        return error


def main():
    start = time.perf_counter()
    parser = argparse.ArgumentParser(description="Fetches bus prices, one day after the other.")
    parser.add_argument("base", metavar="BASE_URL", type=base_url, help="where the server is, as http://host:port")
    parser.add_argument("--days", metavar="N", type=int, default=100, help="how many days from 2026-01-01 on")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=10.0,
                        help="how long each wait for a day may take")
    parser.add_argument("--memory", metavar="FILE", type=argparse.FileType("w", bufsize=1),
                        help="where to write this program's memory over time")
    args = parser.parse_args()
    if not 1 <= args.days <= 10_000:
        parser.error("--days: must be 1 to 10000")
    if not 0 < args.timeout <= 86_400:
        parser.error("--timeout: must be more than 0, and a day at most")
    if args.memory:
        sample_memory(args.memory)
    dates = [date(2026, 1, 1) + timedelta(day) for day in range(args.days)]

    days = [fetch(args.base, day, args.timeout) for day in dates]

    failed = args.days - report(dates, days)
    print(f"{args.days - failed} ok, {failed} failed in {time.perf_counter() - start:.3f} s")
    return min(failed, 1)


def parse(text):
    """Finds the cheapest and the mean price; the server tells them in cents."""
    prices = [departure["price"] / 100 for departure in json.loads(text)["departures"]]
    if not prices:
        raise ValueError("no departures")
    return min(prices), sum(prices) / len(prices)


def report(dates, days):
    """Prints the days, on stderr those that failed; returns the number of the others."""
    ok = []
    for day, result in zip(dates, days):
        if isinstance(result, Exception):
            print(f"{day}: {type(result).__name__}: {result}".splitlines()[0], file=sys.stderr)
        else:
            print(f"{day} cheapest {result[0]:.2f} mean {result[1]:.2f}")
            ok.append((result[0], day))
    if ok:
        print(f"Cheapest day: {min(ok)[1]} at {min(ok)[0]:.2f}")
    return len(ok)


def sample_memory(file):
    """Has a thread write this program's resident set every 10 ms, a line `seconds,rss_bytes` a sample."""
    # By a thread: given a function to run, or as `mprof run`, memory_profiler takes its samples in another process,
    # which would count as the program's own. What it imports itself, about 5 MiB, is in the samples.
    from memory_profiler import memory_usage

    def sample():
        while True:
            [(mebibytes, now)] = memory_usage(-1, interval=0.01, timestamps=True)  # sleeps for the interval, too
            file.write(f"{now - start:.4f},{mebibytes * 2**20:.0f}\n")

    start = time.time()
    file.write("seconds,rss_bytes\n")
    threading.Thread(target=sample, daemon=True).start()


def base_url(text):
    """Checks the server's address. urlsplit raises ValueError for a bad port."""
    url = urlsplit(text)
    if url.scheme != "http" or not url.hostname or url.port == 0:
        raise argparse.ArgumentTypeError(f"{text} is no http:// URL")
    return text.rstrip("/")


if __name__ == "__main__":
    sys.exit(main())

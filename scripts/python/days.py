"""Shared by the programs of article 4: their arguments, a day's prices, and memory over time."""

import argparse
import json
import threading
import time
from datetime import date, timedelta

import common


def arguments(description, waits):
    parser = common.arguments(description)
    parser.add_argument("base", metavar="BASE_URL", type=base_url,
                        help="where the server is, as http://host:port")
    parser.add_argument("--days", metavar="N", type=common.number(10_000), default=100,
                        help="how many days from 2026-01-01 on")
    common.add_timeout(parser, waits)
    parser.add_argument("--memory", metavar="FILE", type=sample_memory,
                        help="where to write this program's memory over time")
    return parser


def base_url(text):
    return common.http_url(text).rstrip("/")


def dates(args):
    return [date(2026, 1, 1) + timedelta(day) for day in range(args.days)]


def parse(text):
    """Finds the cheapest and the mean price; the server tells them in cents."""
    prices = [departure["price"] / 100 for departure in json.loads(text)["departures"]]
    if not prices:
        raise ValueError("no departures")
    return min(prices), sum(prices) / len(prices)


def report(args, outcomes):
    """Prints the days in order, and the cheapest; returns the exit code."""
    tally = common.Tally(args.days)
    for day, outcome in zip(dates(args), outcomes):
        tally.report(day, outcome, lambda prices: f"{day} cheapest {prices[0]:.2f} mean {prices[1]:.2f}")
    prices = [(outcome[0], day) for day, outcome in zip(dates(args), outcomes) if not isinstance(outcome, Exception)]
    if prices:
        price, day = min(prices)
        print(f"Cheapest day: {day} at {price:.2f}")
    return tally.finish()


def sample_memory(path):
    """Has a thread write this program's resident set every 10 ms, a line `seconds,rss_bytes` a sample."""
    # By a thread: given a function to run, or as `mprof run`, memory_profiler takes its samples in another process,
    # which would count as the program's own. What it imports itself, about 5 MiB, is in the samples.
    try:
        file = open(path, "w", buffering=1, encoding="utf-8")
    except OSError as error:
        raise argparse.ArgumentTypeError(error) from error
    from memory_profiler import memory_usage

    def sample():
        while True:
            [(mebibytes, now)] = memory_usage(-1, interval=0.01, timestamps=True)  # sleeps for the interval, too
            file.write(f"{now - start:.4f},{mebibytes * 2**20:.0f}\n")

    start = time.time()
    file.write("seconds,rss_bytes\n")
    threading.Thread(target=sample, daemon=True).start()
    return path

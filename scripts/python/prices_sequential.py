"""Fetches the bus prices of 100 days, one day after the other.

Mirrors article 4, "Synchronous processing".
How it waits: the one thread blocks in `recv` until the server has answered.
Expected wall time: 100 days × 0.29 s = 29 s.
Each day has a connection of its own; no proxy, no redirects.

    target/python/bin/python scripts/python/prices_sequential.py BASE_URL
"""

import sys

import requests

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
    parser = days.arguments("Fetches bus prices, one day after the other.", "each wait for a day")
    args = parser.parse_args()
    return days.report(args, [fetch(args.base, day, args.timeout) for day in days.dates(args)])


if __name__ == "__main__":
    sys.exit(main())

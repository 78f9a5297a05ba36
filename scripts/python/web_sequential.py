"""Downloads web pages, one after the other.

Mirrors article 2, the synchronous program; where that sleeps for 2 s, here the server takes them to answer.
How it waits: the one thread blocks in `recv` until its page is there.
Expected wall time: 3 pages × 2 s = 6 s.
Each page has a connection of its own; no proxy, no redirects.

    target/python/bin/python scripts/python/web_sequential.py http://127.0.0.1:8000/page
"""

import sys

import requests

import pages


def download(url, timeout):
    """Downloads a page and returns its size in bytes."""
    print(f"Starting download: {url}")
    with requests.Session() as session:
        session.trust_env = False  # no proxy
        response = session.get(url, timeout=timeout, allow_redirects=False)
    if response.status_code // 100 != 2:
        raise OSError(f"{response.status_code} {response.reason}")
    return len(response.content)


def main():
    parser = pages.arguments("Downloads web pages, one after the other.", "each wait for a page")
    args = parser.parse_args()
    totals = pages.Totals(len(args.urls))
    for url in args.urls:
        try:
            size = download(url, args.timeout)
        except requests.Timeout:
            size = TimeoutError(f"no answer in {args.timeout:g} s")
        except Exception as error:  # whatever becomes of a page, the others go on
            size = error
        totals.report(url, size)
    return totals.finish()


if __name__ == "__main__":
    sys.exit(main())

"""Downloads web pages, one after the other.

Mirrors article 2, the synchronous program; where that sleeps for 2 s, here the server takes them to answer.
How it waits: the one thread blocks in `recv` until its page is there.
Expected wall time: 3 pages × 2 s = 6 s.
Each page has a connection of its own; no proxy, no redirects.

    target/python/bin/python scripts/python/web_sequential.py http://127.0.0.1:8000/page
"""

import argparse
import sys
import time
from urllib.parse import urlsplit

import requests


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
    start = time.perf_counter()
    parser = argparse.ArgumentParser(description="Downloads web pages, one after the other.")
    parser.add_argument("urls", metavar="URL", nargs="+", type=page, help="pages, as http://host:port/path")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=10.0,
                        help="how long each wait for a page may take")
    args = parser.parse_args()
    if not 0 < args.timeout <= 86_400:
        parser.error("--timeout: must be more than 0, and a day at most")

    sizes = []
    for url in args.urls:
        try:
            result = download(url, args.timeout)
        except requests.Timeout:
            result = TimeoutError(f"no answer in {args.timeout:g} s")
        except Exception as error:  # whatever becomes of a page, the others go on
            result = error
        sizes += report(url, result)

    took, failed = time.perf_counter() - start, len(args.urls) - len(sizes)
    print(f"Total run time: {took:.2f} s")
    print(f"Total size: {sum(sizes)} bytes")
    print(f"{len(sizes)} ok, {failed} failed in {took:.3f} s")
    return min(failed, 1)


def report(url, result):
    """Prints a page's size on stdout, or its error on stderr; returns a list of the size, if any."""
    if not isinstance(result, Exception):
        print(f"Finished download: {url}, size: {result} bytes")
        return [result]
    cause = f"{type(result).__name__}: {result}".splitlines()[0]
    print(f"{url}: {cause}", file=sys.stderr)
    return []


def page(text):
    """Checks a page's URL. urlsplit raises ValueError for a bad port."""
    url = urlsplit(text)
    if url.scheme != "http" or not url.hostname or url.port == 0:
        raise argparse.ArgumentTypeError(f"{text} is no http:// URL")
    return text


if __name__ == "__main__":
    sys.exit(main())

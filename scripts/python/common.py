"""Shared by the programs of all articles: arguments, the line of each item, and the last line.

Nothing here knows a driver or a way of waiting.
"""

import argparse
import os
import re
import resource
import sys
import time
from urllib.parse import urlsplit

CPUS = len(os.sched_getaffinity(0))
START = time.perf_counter()  # a program imports its driver first: `start` in the results has the time of that
MYSQL_URL = re.compile(r"mysql://([^\s:@/]+):([^\s@/]*)@(([^\s:@/]+):(\d{1,5}))/(\w+)")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def arguments(description):
    """A parser of arguments; each of the functions below adds one."""
    return argparse.ArgumentParser(description=description)


def add_hosts(parser):
    parser.add_argument("--urls", metavar="FILE", type=hosts, default=os.environ.get("DB_URLS", ""),
                        help="one mysql://user:password@host:port/database a line; also $DB_URLS")
    parser.add_argument("--query", metavar="SQL", default="select sleep(0.1)", help="what to ask")


def add_timeout(parser, waits):
    parser.add_argument("--timeout", metavar="SECONDS", type=seconds, default=10.0, help=f"how long {waits} may take")


def add_concurrency(parser, default, most, counted):
    parser.add_argument("--concurrency", metavar="N", type=number(most), default=default, help=counted)


def add_uvloop(parser):
    parser.add_argument("--uvloop", action="store_true", help="run on uvloop instead of asyncio's own event loop")


def add_tasks(parser):
    parser.add_argument("names", metavar="NAME", nargs="*", help="names of the databases [default: dog cat]")
    parser.add_argument("--tasks", metavar="N", type=number(1_000_000), help="take the names 0 to N-1")
    parser.add_argument("--seconds", metavar="SECONDS", type=pause, default=3.0, help="how long one database takes")


def task_names(parser, args):
    """The names given, or those that --tasks counts."""
    if args.tasks and args.names:
        parser.error("--tasks: names are given as well")
    return range(args.tasks) if args.tasks else args.names or ["dog", "cat"]


def event_loop(args):
    """The event loop that --uvloop chooses, as asyncio.Runner takes it."""
    if args.uvloop:
        from uvloop import new_event_loop
        return new_event_loop
    return None


def allow_connections():
    """Raises the limit on open files: a connection is a file, and the usual limit of 1024 is soon too low."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Tally:
    """Prints and counts the outcomes of a program's items, by one thread: CPython 3.8 to 3.12 lose lines that
    several threads print into a file."""

    def __init__(self, total):
        self.total, self.ok = total, 0

    def report(self, name, outcome, line=str):
        """Prints the line that an item's outcome makes on stdout, or its error on stderr."""
        if isinstance(outcome, BaseException):
            cause = f"{type(outcome).__name__}: {outcome}".splitlines()[0]
            print(escape(f"{name}: {cause}"), file=sys.stderr)
        else:
            self.ok += 1
            print(escape(line(outcome)))

    def finish(self):
        """Prints the last line; returns the exit code."""
        failed = self.total - self.ok
        print(f"{self.ok} ok, {failed} failed in {time.perf_counter() - START:.3f} s")
        return min(failed, 1)


def escape(text):
    """Makes control characters visible: in somebody else's text they could forge other lines."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def host(url):
    """host:port of a MySQL URL."""
    return MYSQL_URL.fullmatch(url)[3]


def hosts(file):
    """Reads the URL file. A bad line is named by its number alone: it may hold a password."""
    if not file:
        raise argparse.ArgumentTypeError("--urls FILE is missing")
    try:
        with open(file, encoding="utf-8-sig") as text:
            urls = text.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(error) from error
    for line, url in enumerate(urls, 1):
        if not MYSQL_URL.fullmatch(url):
            raise argparse.ArgumentTypeError(f"line {line} is no mysql://user:password@host:port/database")
    if not urls:
        raise argparse.ArgumentTypeError("the file is empty")
    return urls


def http_url(text):
    """Checks an http:// URL. urlsplit raises ValueError for a bad port."""
    url = urlsplit(text)
    if url.scheme != "http" or not url.hostname or url.port == 0:
        raise argparse.ArgumentTypeError(f"{text} is no http:// URL")
    return text


def seconds(text):
    time = float(text)
    if not 0 < time <= 86_400:
        raise argparse.ArgumentTypeError("must be more than 0, and a day at most")
    return time


def pause(text):
    return 0.0 if float(text) == 0 else seconds(text)


def number(most):
    """A whole number from 1 to `most`."""
    def parse(text):
        if not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be 1 to {most}")
        return int(text)
    parse.__name__ = "whole number"  # argparse names it where the text is no number
    return parse

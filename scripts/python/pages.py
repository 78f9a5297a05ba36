"""Shared by the programs of article 2: their arguments, and the sizes of the pages."""

import time

import common


def arguments(description, waits):
    parser = common.arguments(description)
    parser.add_argument("urls", metavar="URL", nargs="+", type=common.http_url, help="pages, as http://host:port/path")
    common.add_timeout(parser, waits)
    return parser


class Totals(common.Tally):
    """Prints and counts the pages, and adds up their sizes."""

    size = 0

    def report(self, name, outcome):
        super().report(name, outcome, lambda size: f"Finished download: {name}, size: {size} bytes")
        self.size += outcome if isinstance(outcome, int) else 0

    def finish(self):
        print(f"Total run time: {time.perf_counter() - common.START:.2f} s")
        print(f"Total size: {self.size} bytes")
        return super().finish()

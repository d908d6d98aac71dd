"""What was tried through which proxy, as a table at the end of the run."""

import pytest

PASSED, FAILED, GAP = "ok", "FAILED", "gap"


class Table:
    """Outcomes by case and proxy."""

    def __init__(self, proxies):
        self.proxies = proxies
        self.cells = {}

    def note(self, case, proxy, passed):
        row = self.cells.setdefault(case, {})
        row[proxy] = PASSED if passed and row.get(proxy, PASSED) == PASSED else FAILED

    def lines(self):
        head = f"| {'case':<52} |" + "".join(f" {proxy:<8}|" for proxy in self.proxies)
        yield head
        yield "|" + "-" * 54 + "|" + "---------|" * len(self.proxies)
        for case, row in self.cells.items():
            yield f"| {case:<52} |" + "".join(f" {row.get(proxy, GAP):<8}|" for proxy in self.proxies)

    def gaps(self):
        return [
            (case, proxy) for case, row in self.cells.items() for proxy in self.proxies if proxy not in row
        ]


class Plugin:
    """Fills the table from the outcomes of tests that have the fixture `proxy` and the marker `case`."""

    def __init__(self, table):
        self.table = table

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        case, proxy = item.get_closest_marker("case"), getattr(item, "callspec", None)
        if case and proxy and "proxy" in proxy.params and (report.when == "call" or report.failed):
            self.table.note(case.args[0], proxy.params["proxy"], report.passed)
        return report

    def pytest_sessionfinish(self, session):
        chosen = session.config.option.keyword or any("::" in word for word in session.config.args)
        if self.table.gaps() and not chosen and session.exitstatus == 0:
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter):
        if self.table.cells:
            terminalreporter.section("proxy x case")
            for line in self.table.lines():
                terminalreporter.write_line(line)

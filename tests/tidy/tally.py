"""
Counts test cases from the files the tests wrote, and nothing else: no exit code and no word of the runner is trusted.

usage: tally.py RESULTS-DIR GROUP...

A group is RESULTS-DIR/GROUP with one of the endings .json (a meson test log, whose tests speak TAP), .xml (JUnit, from
pytest) or .tap. A group without a file, a file that cannot be read, a test that ended badly without naming a failed
case, and a plan that promised more cases than were reported each count as one failure: silence is never success.
The last line is "N passed, N failed", with ", N skipped" when there are some. The exit code is 0 only when something
passed and nothing failed.
"""
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

CASE = re.compile(r"^(ok|not ok)\b\s*\d*\s*-?\s*(.*)$")
REASON = re.compile(r"^# skipped: (.*)$")  # what a C test prints before it skips
PLAN = re.compile(r"^1\.\.(\d+)")


class Tally:
    def __init__(self):
        self.passed = 0
        self.skipped = 0
        self.failures = []

    def add_tap(self, name, text):
        """Returns how many cases the text named as failed."""
        before = len(self.failures)
        planned, seen, reason = None, 0, ""
        for line in text.splitlines():
            plan = PLAN.match(line)
            if plan:
                planned = (planned or 0) + int(plan.group(1))
                continue
            told = REASON.match(line)
            reason = ": " + told.group(1) if told else reason
            case = CASE.match(line)
            if not case:
                continue
            seen += 1
            title = case.group(2)
            if re.search(r"#\s*skip", title, re.IGNORECASE):
                self.skipped += 1
                print(f"skipped: {name}: {title}{reason}")
            elif case.group(1) == "ok":
                self.passed += 1
            else:
                self.failures.append(f"{name}: {title}")
            reason = ""
        if planned is None:
            self.failures.append(f"{name}: no plan line: the test did not reach its end")
        elif seen < planned:
            self.failures.append(f"{name}: {planned} cases were promised, {seen} reported")
        return len(self.failures) - before

    def add_meson(self, path):
        with open(path, encoding="utf-8") as file:
            tests = [json.loads(line) for line in file if line.strip()]
        if not tests:
            self.failures.append(f"{path}: no test was run")
        for test in tests:
            name = test["name"]
            if test["result"] == "SKIP":
                self.skipped += 1
                print(f"skipped: {name}")
                continue
            named = self.add_tap(name, test.get("stdout") or "")
            if test["result"] != "OK" and named == 0:
                self.failures.append(f"{name}: ended with {test['result']} ({test.get('returncode')})")

    def add_junit(self, path):
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
        if not cases:
            self.failures.append(f"{path}: no test was run")
        for case in cases:
            name = f"{case.get('classname')}.{case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                self.failures.append(name)
            elif case.find("skipped") is not None:
                self.skipped += 1
                print(f"skipped: {name}: {case.find('skipped').get('message')}")
            else:
                self.passed += 1

    def add_group(self, directory, group):
        base = os.path.join(directory, group)
        try:
            if os.path.exists(base + ".json"):
                self.add_meson(base + ".json")
            elif os.path.exists(base + ".xml"):
                self.add_junit(base + ".xml")
            elif os.path.exists(base + ".tap"):
                with open(base + ".tap", encoding="utf-8", errors="replace") as file:
                    self.add_tap(group, file.read())
            else:
                self.failures.append(f"{group}: left no results")
        except (OSError, ValueError, KeyError, ElementTree.ParseError) as problem:
            self.failures.append(f"{group}: its results cannot be read: {problem}")


def main():
    tally = Tally()
    for group in sys.argv[2:]:
        tally.add_group(sys.argv[1], group)
    for failure in tally.failures:
        print(f"FAILED: {failure}")
    line = f"{tally.passed} passed, {len(tally.failures)} failed"
    if tally.skipped:
        line += f", {tally.skipped} skipped"
    print(line)
    return 0 if tally.passed and not tally.failures else 1


if __name__ == "__main__":
    sys.exit(main())

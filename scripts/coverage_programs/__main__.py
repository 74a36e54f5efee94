"""`scripts/coverage`: every program on every Python, counted, checked or written down as docs/coverage.md."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import environments  # noqa: E402
import page  # noqa: E402
import sid  # noqa: E402
from catalogue import PROGRAMS, Program  # noqa: E402
from measure import Measured, Report, measure  # noqa: E402
from services import Services, running_services, trusting  # noqa: E402

from tracedemo.errors import TracedemoError  # noqa: E402
from tracedemo.recorders.kernel import strace  # noqa: E402

PAGE = environments.ROOT / "docs" / "coverage.md"


def main() -> int:
    """Measure; exit code 1 when a promise is not kept, 3 when this machine cannot measure."""
    args = _arguments()
    if args.inside:
        return _inside(Path(args.inside))
    programs = [program for program in PROGRAMS if _wanted(program, args)]
    if (refusal := strace.refusal()) is not None:
        print(f"coverage: {refusal.why}\n{refusal.remedy}", file=sys.stderr)
        return 3
    with running_services() as services:
        reports = list(_here(programs, services, args.python))
        if not (args.no_sid or args.check or args.python):
            reports += sid.reports(services, [program.name for program in programs])
    broken = [
        f"{one.program} on {report.python}: {page.cell(one)} {one.trouble or one.without}"
        for report in reports
        for one in report.measured
        # What was not measured breaks no promise, but for those who check that all are kept.
        if not one.keeps(_named(one.program)) or (args.check and one.without)
    ]
    if not (args.only or args.check or args.python):
        pins = environments.pins(environments.REQUIREMENTS.read_text(encoding="utf-8"))
        today = datetime.now(UTC).date().isoformat()
        PAGE.write_text(page.page(reports, PROGRAMS, pins, today, _redis_version()), encoding="utf-8")
        print(f"wrote {PAGE.relative_to(environments.ROOT)}")
    print(*(f"BROKEN: {line}" for line in broken), f"{len(broken)} promises are not kept", sep="\n")
    return 1 if broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/coverage", description="Coverage of libraries against strace."
    )
    parser.add_argument("--only", metavar="NAME", help="programs with this in their names; writes no page")
    parser.add_argument("--python", metavar="MINOR", help="on this Python only, such as 3.13; writes no page")
    parser.add_argument("--check", action="store_true", help="a part, in three minutes; writes no page")
    parser.add_argument("--no-sid", action="store_true", help="without the Pythons of Debian sid")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    return parser.parse_args()


def _wanted(program: Program, args: argparse.Namespace) -> bool:
    return (not args.check or program.in_check) and (not args.only or args.only in program.name)


def _named(name: str) -> Program:
    return next(program for program in PROGRAMS if program.name == name)


def _here(programs: Sequence[Program], services: Services, only: str | None) -> Iterator[Report]:
    for python in environments.pythons():
        if only in (None, python.minor):
            path = environments.with_libraries(python)
            with trusting(Path(services.certificate)):  # not around pip, which may have to trust another
                report = _report(programs, services, python.version, path)
            yield report


def _report(programs: Sequence[Program], services: Services, version: str, path: str) -> Report:
    measured = []
    print(f"CPython {version}, strace {'.'.join(map(str, strace.version()))}", flush=True)
    for program in programs:
        one = _measured(program, path, services)
        measured.append(one)
        print(f"  {program.name:<34} {one.without or page.cell(one)}  {one.trouble}", flush=True)
        for told in one.where if program.least is not None else ():
            print(f"    {told}")
    return Report(version, ".".join(map(str, strace.version())), tuple(measured))


def _measured(program: Program, path: str, services: Services) -> Measured:
    """A run that came to nothing is a trouble of its program, and no reason to measure no other."""
    try:
        return measure(program, path, services)
    except (TracedemoError, subprocess.SubprocessError) as error:
        return Measured(program.name, trouble=f"{type(error).__name__}: {error}")


def _inside(folder: Path) -> int:
    """In Debian sid, with the Python that runs this: measure what the job says, and leave a report."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    services = Services(**job["services"])
    minor = ".".join(platform.python_version_tuple()[:2])
    with trusting(Path(services.certificate), libraries=folder / minor):
        programs = [_named(name) for name in job["names"]]
        report = _report(programs, services, platform.python_version(), sys.executable)
    told = report._asdict() | {"measured": [asdict(one) for one in report.measured]}
    (folder / f"report-{minor}.json").write_text(json.dumps(told), encoding="utf-8")
    return 0


def _redis_version() -> str:
    """As `Redis 7.0.15`."""
    try:
        said = subprocess.run(
            ["redis-server", "--version"], capture_output=True, text=True, check=False
        ).stdout
    except FileNotFoundError:
        return ""
    version = next((word[2:] for word in said.split() if word.startswith("v=")), "")
    return f"Redis {version}"


if __name__ == "__main__":
    sys.exit(main())

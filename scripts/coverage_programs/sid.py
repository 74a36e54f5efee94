"""The same in the folder of Debian sid that scripts/compat makes: its Pythons, from 3.14 up, and its strace.

The servers stay outside: a folder that is a root for a process has the machine's own loopback. The libraries are wheels
that pip fetches outside, for the Python inside.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from environments import ROOT, install
from measure import Report
from services import Services

SID = Path(os.environ.get("SID", ROOT / "build" / "sid"))
INSIDE = "/opt/coverage"
_COMPAT = (str(ROOT / "scripts" / "compat"), "--script")


def reports(services: Services, names: Sequence[str]) -> list[Report]:
    """What was measured there; empty where there is no such folder, and none can be made."""
    asked = "import sys; print('minor %d.%d' % sys.version_info[:2])"
    made = subprocess.run([*_COMPAT, "-c", asked], capture_output=True, text=True, check=False)
    minors = [line.split()[1] for line in made.stdout.splitlines() if line.startswith("minor ")]
    if not minors:
        print(f"nothing is measured in Debian sid: {made.stderr.strip()[-300:]}", file=sys.stderr)
        return []
    outside = SID / INSIDE.lstrip("/")
    shutil.rmtree(outside, ignore_errors=True)
    outside.mkdir(parents=True)
    for minor in minors:
        _install(minor, outside / minor)
    job = {"services": asdict(_moved(services, outside)), "names": list(names)}
    (outside / "job.json").write_text(json.dumps(job), encoding="utf-8")
    subprocess.run(
        [*_COMPAT, "scripts/coverage_programs", "--inside", INSIDE], check=False, stdout=sys.stderr
    )
    return [
        Report.of(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(outside.glob("report-*.json"))
    ]


def _install(minor: str, folder: Path) -> None:
    machine = platform.machine()
    platforms = [f"manylinux_2_{glibc}_{machine}" for glibc in (39, 35, 34, 31, 28, 27, 26, 24, 17, 12, 5)]
    words = ["--target", str(folder), "--python-version", minor, "--only-binary", ":all:"]
    for each in (*platforms, f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}"):
        words += ["--platform", each]
    install([sys.executable, "-m", "pip", "install", "--upgrade", *words])


def _moved(services: Services, outside: Path) -> Services:
    """The certificate, where the programs inside find it."""
    for path in (services.certificate, services.key):
        shutil.copy(path, outside)
    return replace(
        services,
        certificate=f"{INSIDE}/{Path(services.certificate).name}",
        key=f"{INSIDE}/{Path(services.key).name}",
    )

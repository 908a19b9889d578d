"""What the machine does while a trial is under way, and when a trial has to wait or to stop.

    below 70 C   normal          70 to 85   acceptable      85 to 95   warning: wait
    95 and more  critical: stop  no number  unknown: go on, and say so

A thermometer that is missing, raises, or gives a negative or infinite number knows nothing; what
it does not know is never called normal.
"""

from __future__ import annotations

import csv
import math
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeGuard

import psutil

import daybreak as dk

State = Literal["normal", "acceptable", "unknown", "warning", "critical"]
STATES: tuple[State, ...] = ("normal", "acceptable", "unknown", "warning", "critical")
"""From the best to the worst."""
GIB = 2**30
_DIES = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "amdgpu")
"""Names of processors' own thermometers; those of boards and disks are often not connected."""


class Overheated(dk.DaybreakError):
    """The machine is critically hot; the trial ends, and goes on from its checkpoint later."""


def is_temperature(value: float | None) -> TypeGuard[float]:
    """Whether a thermometer's word is a number of degrees; -1 is what a blind one says."""
    return value is not None and 0 <= value < math.inf


@dataclass(frozen=True)
class Limits:
    """Where states of temperature begin, in degrees Celsius.

    Raises
    ------
    daybreak.ProblemError
        When they do not rise.
    """

    acceptable: float = 70.0
    warning: float = 85.0
    critical: float = 95.0

    def __post_init__(self) -> None:
        """Refuse limits out of order."""
        if not 0 < self.acceptable < self.warning < self.critical < math.inf:
            msg = (
                "`0 < acceptable < warning < critical` must hold, but got "
                f"({self.acceptable}, {self.warning}, {self.critical}) degrees; sort them."
            )
            raise dk.ProblemError(msg)

    def state(self, temperature: float | None, *, blind: bool = False) -> State:
        """What a temperature means; `blind` says that some thermometer gave no number."""
        if not is_temperature(temperature):
            return "unknown"
        if temperature >= self.critical:
            return "critical"
        if temperature >= self.warning:
            return "warning"
        if blind:
            return "unknown"
        return "acceptable" if temperature >= self.acceptable else "normal"


@dataclass(frozen=True)
class Reading:
    """The machine at one moment.

    Parameters
    ----------
    load : float
        Of all processors since the last reading, per cent.
    memory_percent, memory_gib : float
        In use by everything on the machine.
    temperature : float or None
        Of the hottest thermometer that gives a number, degrees Celsius.
    blind : bool
        Whether there is another that gives none.
    """

    load: float
    memory_percent: float
    memory_gib: float
    temperature: float | None
    blind: bool = False


def processors() -> list[float]:
    """Temperatures of processors, degrees Celsius; none where the system does not tell them."""
    tell = getattr(psutil, "sensors_temperatures", None)  # not on every system
    chips = tell() if tell is not None else {}
    return [one.current for name in _DIES for one in chips.get(name, ())]


def graphics_processors() -> list[float]:
    """Temperatures of NVIDIA's graphics processors, degrees Celsius; none without their tool."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, "--query-gpu=temperature.gpu", "--format=csv,noheader,nounits"]
    told = subprocess.run(  # noqa: S603 - the driver's own tool
        command, check=True, capture_output=True, text=True, timeout=5.0
    )
    return [float(line) for line in told.stdout.split()]


Thermometer = Callable[[], Iterable[float]]
THERMOMETERS: tuple[Thermometer, ...] = (processors, graphics_processors)


def hottest(thermometers: Sequence[Thermometer] = THERMOMETERS) -> tuple[float | None, bool]:
    """The highest temperature that is a number, if any, and whether another gave none."""
    found: list[float] = []
    for read in thermometers:
        try:
            found.extend(float(value) for value in read())
        except Exception:  # noqa: BLE001 - drivers raise anything, and no sensor may end a night
            found.append(math.nan)
    known = [value for value in found if is_temperature(value)]
    return max(known, default=None), len(known) < len(found)


def read_machine() -> Reading:
    """The machine now."""
    temperature, blind = hottest()
    used = psutil.virtual_memory()
    return Reading(psutil.cpu_percent(), used.percent, used.used / GIB, temperature, blind)


class Watch:
    """Looks at the machine between epochs, waits while it is hot, and stops when it is too hot.

    Parameters
    ----------
    limits : Limits
    read : callable () -> Reading
    wait : float
        Seconds between looks at a machine in state warning.
    waits : int
        How often to wait, at most, at one look; then the trial goes on, warm.
    log : path, optional
        A CSV file that a reading is added to, at most every `log_every` seconds.
    sleep, clock : callable
        `time.sleep` and `time.time`, or what a test puts in their place.

    Raises
    ------
    daybreak.ProblemError
        When times or counts are negative.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        read: Callable[[], Reading] = read_machine,
        wait: float = 60.0,
        waits: int = 10,
        log: str | Path | None = None,
        log_every: float = 300.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin to watch; the first load is that since now."""
        if not (wait >= 0 and waits >= 0 and log_every >= 0):
            msg = f"times and counts must be >= 0, but got ({wait=}, {waits=}, {log_every=})."
            raise dk.ProblemError(msg)
        self.limits = limits or Limits()
        self.waited = 0.0
        self._read, self._sleep, self._clock = read, sleep, clock
        self._wait, self._waits = wait, waits
        self._log, self._log_every = None if log is None else Path(log), log_every
        self._logged = -math.inf
        self._readings: list[Reading] = []
        self._worst: State = "normal"
        psutil.cpu_percent()

    def begin(self) -> State:
        """Before the first epoch: wait while the machine is in state warning or critical.

        So a trial that was stopped, and is tried again at once, gives the machine time to cool.

        Raises
        ------
        Overheated
            When it is in state critical after that.
        """
        return self._unless_hot("warning", "critical")

    def look(self) -> State:
        """Between epochs: wait while the machine is in state warning.

        Call it where the trial has just been kept, so that stopping loses nothing.

        Raises
        ------
        Overheated
            When it is in state critical.
        """
        return self._unless_hot("warning")

    def _unless_hot(self, *waiting: State) -> State:
        """Read, and wait in some states."""
        state = self._take()
        for _ in range(self._waits):
            if state not in waiting:
                break
            self._sleep(self._wait)
            self.waited += self._wait
            state = self._take()
        if state == "critical":
            msg = (
                f"the machine is at {self._readings[-1].temperature:g} degrees, and trials stop "
                f"at {self.limits.critical:g}; cool it, and let the trial be tried again "
                "(`Resources(retries={'raised': 1})`): it goes on from its checkpoint."
            )
            raise Overheated(msg)
        return state

    def _take(self) -> State:
        """One reading, remembered."""
        now = self._read()
        state = self.limits.state(now.temperature, blind=now.blind)
        self._readings.append(now)
        self._worst = STATES[max(STATES.index(self._worst), STATES.index(state))]
        if self._log is not None and self._clock() >= self._logged + self._log_every:
            self._logged = self._clock()
            append(self._log, self._logged, now)
        return state

    @property
    def recorded(self) -> dict[str, Any]:
        """What to keep with a trial, as in ``trial.record(machine=watch.recorded)``.

        Mean load (per cent), most memory in use (GiB), highest temperature (degrees Celsius, or
        None), worst state, number of readings, seconds waited.
        """
        seen = self._readings
        known = [one.temperature for one in seen if is_temperature(one.temperature)]
        return {
            "load_percent": sum(one.load for one in seen) / len(seen) if seen else None,
            "memory_gib": max((one.memory_gib for one in seen), default=None),
            "temperature": max(known, default=None),
            "state": self._worst if seen else "unknown",
            "readings": len(seen),
            "waited": self.waited,
        }


def append(path: Path, moment: float, reading: Reading) -> None:
    """Add a line to a CSV file, with a heading when it is new."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        if new:
            lines.writerow(
                ["timestamp", "cpu_percent", "memory_percent", "memory_used_gib", "temperature"]
            )
        known = reading.temperature
        lines.writerow(
            [
                datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds"),
                f"{reading.load:.1f}",
                f"{reading.memory_percent:.1f}",
                f"{reading.memory_gib:.2f}",
                "" if known is None else f"{known:.1f}",
            ]
        )

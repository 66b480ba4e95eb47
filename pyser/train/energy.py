"""Energy that this process took, where the machine tells it.

Linux shows the energy counters of CPU packages (RAPL) below ``/sys/class/powercap``; virtual
machines rarely have them, and often only root may read them. A package does not know processes:
of its energy this process is charged as much as of the busy time of all CPUs, so that runs that
share a machine share its energy, the idle part included. GPUs are not counted.
"""

import time
from pathlib import Path

POWERCAP, CPU_TIMES = Path("/sys/class/powercap"), Path("/proc/stat")
_BUSY = (0, 1, 2, 5, 6, 7)  # of /proc/stat: user nice system irq softirq steal; not idle, iowait


class EnergyMeter:
    """Counts joules from when it is made.

    Args:
        carried: joules of what is continued; None: unknown, and so is the sum.
        powercap: folder of the counters.
        cpu_times: table of the busy times of all CPUs since the machine was started.
        process_s: function that tells the CPU seconds of this process.
    """

    def __init__(
        self, carried=0.0, powercap=POWERCAP, cpu_times=CPU_TIMES, process_s=time.process_time
    ):
        self._total, self._powercap, self._cpu_times = carried, Path(powercap), Path(cpu_times)
        self._process_s = process_s
        self._last = self._read()

    def joules(self):
        """Joules until now, or ``None`` where the machine does not tell.

        A counter starts again at zero after minutes to hours: ask more often than that.
        """
        now, last = self._read(), self._last
        if self._total is None or not now or not last or now.keys() != last.keys():
            self._total = None
            return None
        spent = sum((now[name] - last[name]) % limit for name, limit in self._limits.items())
        busy = now[""][0] - last[""][0]
        share = min(1.0, (now[""][1] - last[""][1]) / busy) if busy > 0 else 0.0
        self._total, self._last = self._total + 1e-6 * spent * share, now
        return self._total

    def _read(self):
        """Microjoules of each package; under ``""`` the seconds of all CPUs and of this process."""
        try:
            packages = sorted(self._powercap.glob("intel-rapl:[0-9]"))
            self._limits = {p.name: _whole(p / "max_energy_range_uj") + 1 for p in packages}
            found = {p.name: _whole(p / "energy_uj") for p in packages}
            return found | {"": (self._busy_s(), self._process_s())} if found else None
        except (OSError, ValueError, IndexError):
            return None

    def _busy_s(self):
        fields = self._cpu_times.read_text().splitlines()[0].split()[1:]
        return sum(int(fields[place]) for place in _BUSY) / 100  # in hundredths of a second


def _whole(path):
    return int(path.read_text())

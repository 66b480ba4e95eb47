"""The energy of a run, from counters that the test writes."""

import pytest

from pyser.train.energy import EnergyMeter


class Machine:
    """Counters of two packages, the busy time of the CPUs and of one process."""

    def __init__(self, folder):
        self.powercap, self.cpu_times, self.process_s = folder, folder / "stat", 0.0
        self.set((900_000, 100_000), 10.0, 5.0)

    def set(self, microjoules, busy_s, process_s):
        for number, value in enumerate(microjoules):
            package = self.powercap / f"intel-rapl:{number}"
            (package / "intel-rapl:0:0").mkdir(parents=True, exist_ok=True)
            (package / "energy_uj").write_text(f"{value}\n")
            (package / "max_energy_range_uj").write_text("999999\n")
        busy = int(100 * busy_s)
        self.cpu_times.write_text(f"cpu  {busy - 30} 10 10 7000 800 10 0 0 0 0\ncpu0 1 2 3\n")
        self.process_s = process_s

    def meter(self, carried=0.0):
        return EnergyMeter(carried, self.powercap, self.cpu_times, lambda: self.process_s)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_the_share_of_the_busy_time_is_charged(machine):
    meter = machine.meter(carried=2.0)
    machine.set((950_000, 150_000), 14.0, 8.0)
    assert meter.joules() == pytest.approx(2.0 + 0.1 * 3 / 4)
    machine.set((950_000, 250_000), 15.0, 8.0)
    assert meter.joules() == pytest.approx(2.0 + 0.1 * 3 / 4)
    machine.set((960_000, 250_000), 15.5, 9.0)  # clocks that disagree charge no more than all
    assert meter.joules() == pytest.approx(2.0 + 0.1 * 3 / 4 + 0.01)


def test_counters_that_start_again_are_followed(machine):
    meter = machine.meter()
    machine.set((50_000, 100_000), 11.0, 6.0)
    assert meter.joules() == pytest.approx(0.15)


def test_what_is_not_told_is_unknown_for_good(machine, tmp_path):
    assert machine.meter(carried=None).joules() is None
    assert EnergyMeter(0.0, tmp_path / "none", machine.cpu_times).joules() is None
    meter = machine.meter()
    counter = machine.powercap / "intel-rapl:1" / "energy_uj"
    counter.unlink()
    assert meter.joules() is None
    counter.write_text("5\n")
    assert meter.joules() is None


def test_this_machine_tells_a_number_or_nothing():
    found = EnergyMeter().joules()
    assert found is None or found >= 0

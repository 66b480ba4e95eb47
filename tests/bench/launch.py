"""``pyser`` in a process of its own, as the bench wants it: which CPUs, which kernel, what it took.

    python launch.py REPORT CPUS KERNEL ARGUMENTS...

KERNEL is ``real``, or ``copy``: static rows are copied from the samples, not computed. REPORT is
the JSON file to write: peak memory in KiB and CPU seconds.
"""

import json
import os
import sys
import time

report, cpus, kernel, *arguments = sys.argv[1:]
os.sched_setaffinity(0, {int(cpu) for cpu in cpus.split(",")})
if kernel == "copy":
    from pyser import _native

    _native.use_copy_kernel(True)

# After the affinity: threads inherit it.
from pyser.cli import main  # noqa: E402

status = main(arguments)
with open("/proc/self/status") as file:
    peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
with open(report, "w") as file:
    json.dump({"peak_kib": peak, "cpu": time.process_time()}, file)
sys.exit(status)

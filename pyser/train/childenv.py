"""Environment variables that a process which trains is started with: libraries read them first."""

import os

_HUGE_PAGES = "glibc.malloc.hugetlb=1"


def child_environment(threads, environment=os.environ):
    """Variables for a training process with ``threads`` threads, as pairs of name and value.

    - The number of threads of OpenMP, before torch starts any.
    - cuBLAS needs the workspace to be deterministic.
    - glibc asks for huge pages (where the system leaves it to programs): every step allocates
      some hundred megabytes and gives them back, which takes the longer the smaller the pages.
      Other C libraries and other systems take no notice.

    Args:
        threads: of torch.
        environment: what the process would inherit; its own tunables of glibc stay.
    """
    tunables = [part for part in environment.get("GLIBC_TUNABLES", "").split(":") if part]
    if not any(part.startswith("glibc.malloc.hugetlb=") for part in tunables):
        tunables.append(_HUGE_PAGES)
    return (
        ("OMP_NUM_THREADS", str(threads)),
        ("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
        ("GLIBC_TUNABLES", ":".join(tunables)),
    )

"""What a run says of the machine it was made on."""

import platform

import torch

from pyser import machine
from pyser.frontend.frontend import usable_cpus
from pyser.train import environment
from pyser.train.childenv import child_environment

CPU = torch.device("cpu")


def test_what_last_bits_depend_on():
    told = environment.describe_environment(3, CPU)
    assert told["threads"] == 3
    assert told["cores"] == usable_cpus()
    assert told["gpu"] is None
    assert told["torch"].startswith(torch.__version__)
    assert told["os"].startswith(platform.system())


def test_the_name_of_the_processor(tmp_path, monkeypatch):
    path = tmp_path / "cpuinfo"
    lines = "cpu family\t: 6", "model\t\t: 85", "model name\t: A CPU: 3 GHz", "flags\t: fpu"
    path.write_text("processor\t: 0\n" + "\n".join(lines))
    monkeypatch.setattr(machine, "_CPU_INFO", path)
    told = environment.describe_environment(1, CPU)["cpu"]
    assert told == "A CPU: 3 GHz (family 6 model 85)"
    for content in ("processor\t: 0\n", None):
        path.write_text(content) if content else path.unlink()
        told = environment.describe_environment(1, CPU)["cpu"]
        assert told == (platform.processor() or platform.machine())


def test_the_name_of_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU {device.index}")
    assert environment.describe_environment(1, torch.device("cuda:1"))["gpu"] == "GPU 1"


def test_a_child_keeps_the_tunables_it_would_have():
    huge = "glibc.malloc.hugetlb=1"
    for before, after in (
        ({}, huge),
        ({"GLIBC_TUNABLES": "glibc.malloc.check=0"}, f"glibc.malloc.check=0:{huge}"),
        ({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}, "glibc.malloc.hugetlb=0"),
    ):
        told = dict(child_environment(3, before))
        assert told["GLIBC_TUNABLES"] == after and told["OMP_NUM_THREADS"] == "3"

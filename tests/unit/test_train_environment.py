"""What a run says of the machine it was made on."""

import platform

import torch

from pyser.frontend.frontend import usable_cpus
from pyser.train import environment

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
    path.write_text("processor\t: 0\nmodel name\t: A Processor: 3 GHz\nflags\t: fpu\n")
    monkeypatch.setattr(environment, "_CPU_INFO", path)
    assert environment.describe_environment(1, CPU)["cpu"] == "A Processor: 3 GHz"
    for content in ("processor\t: 0\n", None):
        path.write_text(content) if content else path.unlink()
        told = environment.describe_environment(1, CPU)["cpu"]
        assert told == (platform.processor() or platform.machine())


def test_the_name_of_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU {device.index}")
    assert environment.describe_environment(1, torch.device("cuda:1"))["gpu"] == "GPU 1"

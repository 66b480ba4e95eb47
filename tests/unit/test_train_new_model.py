"""What it takes to add a model: a file, a line of the registry, a YAML; nothing else."""

import os
import shutil
import subprocess
import sys

import pytest
import train_builder
import yaml

TOY = '''
"""A toy: the mean frame, through one layer."""

from dataclasses import dataclass

import torch

from pyser.models.layers import select_blocks
from pyser.models.limits import check_limits, limited
from pyser.models.network import Network
from pyser.models.pooling import MeanPooling


class Toy(Network):
    """The mean frame, times ``scale``, through one layer."""

    @dataclass(frozen=True)
    class Config:
        """Sizes."""

        scale: float = limited(1.0, 0.0, 9.0)

        def __post_init__(self):
            check_limits(self)

    def __init__(self, config, blocks, num_classes):
        super().__init__(config, blocks, num_classes)
        self.layer = torch.nn.Linear(sum(blocks.values()), num_classes)
        self.pooling = MeanPooling()

    def forward(self, features, lengths):
        """Logits, float32 [B, C]; arguments as for ``Network``."""
        frames = select_blocks(features, tuple(self.blocks), lengths)
        return self.layer(self.config.scale * self.pooling(frames, lengths))
'''
LINE = '        "toy": "pyser.models.toy.Toy",\n'


@pytest.fixture
def package(repository, tmp_path):
    """A copy of the package with one model more."""
    source = tmp_path / "source"
    shutil.copytree(
        repository / "pyser", source / "pyser", ignore=shutil.ignore_patterns("__pycache__")
    )
    (source / "pyser/models/toy.py").write_text(TOY)
    registry = source / "pyser/models/__init__.py"
    text = registry.read_text()
    end = text.index("    }\n)")
    registry.write_text(text[:end] + LINE + text[end:])
    return source


def test_a_thirteenth_model_is_trained_and_scored(package, tmp_path):
    train_builder.write_data(tmp_path)
    config = train_builder.CONFIG | {"model": {"name": "toy", "scale": 2.0}}
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(config))

    def pyser(*words):
        environment = os.environ | {"PYTHONPATH": str(package)}
        command = [sys.executable, "-m", "pyser", *words]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done

    config = f"--config={tmp_path / 'toy.yaml'}"
    pyser(*train_builder.arguments(tmp_path, config, "--nj=2"))
    pyser("score", f"--exp={tmp_path / 'exp'}")
    assert len((tmp_path / "exp/scores.tsv").read_text().splitlines()) == 1 + 24
    record = train_builder.read_records(tmp_path / "exp")["fold1/seed1"]
    assert record["config"]["model"] == {"name": "toy", "scale": 2.0}
    assert record["num_parameters"] == (6 + 1) * 3
    again = pyser(*train_builder.arguments(tmp_path, config))
    assert "nothing to do: all 4 runs" in again.stderr

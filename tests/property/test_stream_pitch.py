"""The pitch of a stream: any chunks give the same bytes, rows come when the options say so."""

import subprocess
import sys

import numpy as np
import pytest
from test_stream import assert_same

from pyser import Frontend, FrontendOptions


def frontend(**options):
    features = {"frame_features": "f0,voicing,nccf,log_f0", "delta_order": 1}
    return Frontend(FrontendOptions(**features, **options))


def melody(num_samples, rate_hz=16000):
    """A tone with harmonics that glides up and down, and pauses."""
    t = np.arange(num_samples) / rate_hz
    phase = 2 * np.pi * np.cumsum(150 + 60 * np.sin(5 * t)) / rate_hz
    loud = np.sin(2 * np.pi * 1.3 * t) > -0.5
    noise = np.random.default_rng(1).normal(0, 30, num_samples)
    tone = 4000 * np.sin(phase) + 2000 * np.sin(2 * phase) + 1000 * np.sin(3 * phase)
    return (loud * tone + noise).astype(np.int16)


WAITS = {
    "defaults": {},
    "short": {"recompute_frame": 20, "max_frames_latency": 7},
    "latency_longer": {"recompute_frame": 5, "max_frames_latency": 30},
    "at_once": {"recompute_frame": 0, "max_frames_latency": 0},
    "mean": {"recompute_frame": 0, "max_frames_latency": 0, "subtract_mean": True},
}


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("snip_edges", [True, False])
@pytest.mark.parametrize("size", [1, 7, 160, 161, 4000])
def test_equal_chunks(wait, snip_edges, size):
    fe = frontend(snip_edges=snip_edges, **WAITS[wait])
    for length in (0, 1, 159, 399, 400, 401, 560, 9000):
        assert_same(fe, melody(length), [size] * (length // size))


@pytest.mark.parametrize("rate_hz", [8000, 11025, 22050, 44100, 48000])
@pytest.mark.parametrize("snip_edges", [True, False])
def test_sample_rates(rate_hz, snip_edges):
    samples = melody(rate_hz // 2, rate_hz)
    more = {"snip_edges": snip_edges, "recompute_frame": 20, "max_frames_latency": 7}
    own = frontend(sample_frequency=rate_hz, num_mel_bins=20, **more)
    assert_same(own, samples, [1000, 1, 0, 333])
    changed = frontend(allow_downsample=True, allow_upsample=True, **more)
    assert_same(changed, samples, [1000, 1, 0, 333], rate_hz)


def test_rows_wait_for_the_pitch():
    fe = frontend(recompute_frame=20, max_frames_latency=7)
    samples, stream, rows = melody(16000), fe.stream(), []
    seen_after = {}
    for start in range(0, 16000, 160):
        rows.append(stream.accept(samples[start : start + 160]))
        seen_after[start + 160] = sum(map(len, rows))
    # a pitch frame reaches 182 samples at 4 kHz, of which the filter needs 9 more at 16 kHz
    inside = {n: max(0, (n // 4 - 2 - 182) // 40 + 1) for n in seen_after}
    expected = {n: max(0, k - 7 - 2) if k >= 20 else 0 for n, k in inside.items()}
    differences = [seen_after[n] - expected[n] for n in seen_after]
    assert set(differences) <= {0, -1}
    assert sum(map(len, rows)) + len(stream.finish()) == fe.num_frames(16000)


def test_a_decision_does_not_see_what_comes_later():
    """With a fixed latency the rows of a beginning stay what they are, whatever follows."""
    fe = frontend(recompute_frame=0, max_frames_latency=10)
    samples = melody(32000)
    stream = fe.stream()
    early = stream.accept(samples[:16000])
    assert len(early) > 80
    assert early.tobytes() == fe(samples)[: len(early)].tobytes()


HOUR = """
import resource, sys
import numpy as np
from pyser import Frontend, FrontendOptions

rss = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
fe = Frontend(FrontendOptions(frame_features="log_energy,zcr,rms,f0,voicing"))
chunk = (3000 * np.sin(np.arange(16000) ** 1.05)).astype(np.int16)
fe(chunk)
stream, idle = fe.stream(), rss()
rows = sum(len(stream.accept(chunk)) for _ in range(3600)) + len(stream.finish())
print(rows, (rss() - idle) / 1024)
"""


def test_an_hour_needs_little_memory():
    done = subprocess.run([sys.executable, "-c", HOUR], capture_output=True, text=True, check=True)
    rows, megabytes = done.stdout.split()
    assert int(rows) == Frontend().num_frames(3600 * 16000)
    assert float(megabytes) < 40

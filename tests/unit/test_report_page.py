"""report.html and its figures, from made-up experiments: complete, self-contained, escaped."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from fake_experiment import write_experiment
from fake_explain import write_curves, write_explain

from pyser.errors import InputError
from pyser.files import read_json, write_json
from pyser.report.charts import confusion_chart, speaker_accuracies, ua_chart
from pyser.report.confidence import read_confidence, reliability_chart
from pyser.report.curves import curve_charts, curves_by_fold
from pyser.report.experiments import find_groups
from pyser.report.explained import map_chart, read_explained, utterance_charts
from pyser.report.html import inline
from pyser.report.page import page_html
from pyser.score.run import main as score
from pyser.score.text import STANDIN_WARNING

VOID = {"meta", "br", "circle", "path", "rect", "image", "input"}


class Outline(HTMLParser):
    """Counts elements, collects addresses and ids; fails where elements do not nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.count, self.addresses, self.ids = [], {}, [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        named = dict(attrs)
        self.addresses += [named[key] for key in ("src", "href") if key in named]
        self.ids += [named["id"]] if "id" in named else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def scored(exp, **how):
    score(["--exp", str(write_experiment(exp, **how))])
    return exp


@pytest.fixture
def rich(tmp_path):
    """An experiment with everything that a report can show."""
    exp = scored(tmp_path / "rich" / "loso3", seeds=(1, 2), skill=1.0)
    result = read_json(exp / "result.json")
    for run in result["dev"]:
        run["temperature"] = 1.5
    finding = {"code": "text-shared", "severity": "remark", "message": "texts are <shared>."}
    finding["claim"] = "says nothing about new sentences"
    result["audit"] = {"verdict": "valid with remarks", "findings": [finding]}
    result["remarks"] = ["texts are <shared>.", "and `more`"]
    result |= {"seconds": 1234.5, "environment": {"cpu": "A & B", "threads": 2}}
    write_json(exp / "result.json", result)
    write_explain(exp)
    write_curves(exp, seeds=(1, 2))
    return exp


def test_page_is_complete_and_self_contained(rich):
    groups = find_groups(rich.parents[1])
    page = page_html(groups)
    outline = Outline(page)
    assert not outline.open
    assert all(a.startswith(("#", "data:image/png;base64,")) for a in outline.addresses)
    links = {a[1:] for a in outline.addresses if a.startswith("#")}
    assert links == set(outline.ids) and len(set(outline.ids)) == len(outline.ids)
    assert not re.search(r"https?://", page)
    # confusion, speakers, reliability, coverage; 3 folds; 4 right and 1 wrong; the map
    assert outline.count["svg"] == 4 + 3 + 5 + 1
    assert "texts are &lt;shared&gt;" in page and "<shared>" not in page
    assert page.count("texts are &lt;shared&gt;") == 1
    assert "valid with remarks" in page and "A &amp; B; 2 threads a run" in page
    assert ">20 min 34 s<" in page
    assert "default-src 'none'" in page
    assert len(page) < 300_000


def test_numbers_of_tables_are_those_of_the_markdown(rich):
    from pyser.report.markdown import results_text

    groups = find_groups(rich.parents[1])
    page, text = page_html(groups), results_text(groups)
    rows = [line for line in text.splitlines() if line.startswith("| ") and ":--" not in line]
    for row in rows:
        for cell in row.strip("| ").split(" | "):
            assert f">{inline(cell)}<" in page, cell


def test_older_results_are_reported_without_what_they_lack(tmp_path):
    scored(tmp_path / "old" / "loso3")
    page = page_html(find_groups(tmp_path))
    assert Outline(page).count["svg"] == 4
    for absent in ("Learning curves", "Inside the model", "Audit", "Machine"):
        assert absent not in page


def test_stand_in_is_said_on_top_and_beside_every_experiment(tmp_path):
    corpus = {"name": "made_up", "standin": True, "labels": "merged"}
    for model in ("a", "b"):
        exp = scored(tmp_path / model / "loso3", model=model, corpus=corpus)
        write_explain(exp)
    groups = find_groups(tmp_path)
    page = page_html(groups)
    head, *experiments = page.split("<details")
    assert f'class="warning">{STANDIN_WARNING}' in head
    assert len(experiments) == 2
    assert all(part.count(STANDIN_WARNING) >= 2 for part in experiments)
    confusion = confusion_chart(groups[0].experiments[0], groups[0])
    for chart in (confusion, ua_chart(groups[0])):
        root = ElementTree.fromstring(chart.svg())
        said = [node.text for node in root.iter("text") if "warn" in node.get("class", "")]
        assert " ".join(said) == STANDIN_WARNING
        assert STANDIN_WARNING in root.attrib["aria-label"]


def test_shared_findings_are_said_once(tmp_path):
    finding = {"code": "c", "severity": "invalidates", "message": "leaks", "claim": "void"}
    audit = {"verdict": "invalid", "findings": [finding]}
    for model in ("a", "b"):
        exp = scored(tmp_path / model / "loso3", model=model)
        extra = {"code": "d", "severity": "remark", "message": f"own of {model}"}
        told = {**audit, "findings": [finding, extra]}
        write_json(exp / "result.json", {**read_json(exp / "result.json"), "audit": told})
    page = page_html(find_groups(tmp_path))
    assert page.count("Invalidates the claim (<code>c</code>): leaks. Effect: void") == 1
    assert page.count("<strong>invalid</strong>") == 1
    assert page.count("own of a") == page.count("own of b") == 1


def test_speakers_have_the_mean_recall_of_their_classes(rich):
    scores = find_groups(rich.parents[1])[0].experiments[0].scores
    names, counts, values = speaker_accuracies(scores)
    assert values.shape == (6, 2) and counts == [12] * 6
    speakers = np.array(scores.speakers)
    part = scores.select((speakers == names[2]) & (scores.seed == 2))
    right = part.reference == part.hypothesis
    recalls = [right[part.reference == label].mean() for label in range(4)]
    assert values[2, 1] == pytest.approx(np.mean(recalls))


def test_learning_curves_mark_the_kept_epoch(rich):
    experiment = find_groups(rich.parents[1])[0].experiments[0]
    folds = curves_by_fold(experiment)
    assert list(folds) == [1, 2, 3] and list(folds[1]) == [1, 2]
    charts = list(curve_charts(experiment, folds))
    assert charts[0].svg().count("epoch 2 kept, dev UA 50.0 %") == 2  # one for each seed
    lines = (rich / "curves.tsv").read_text().splitlines()
    assert lines[1].count("\t") == 7
    cells = lines[1].split("\t")
    cells[4] = ""  # a model that fits itself has no losses
    (rich / "curves.tsv").write_text("\n".join([lines[0], "\t".join(cells), ""]))
    assert curves_by_fold(experiment) == {}


def test_reliability_shows_both_errors_or_one(rich):
    experiment = find_groups(rich.parents[1])[0].experiments[0]
    what = read_confidence(experiment)
    after = f"at temperature: ECE {100 * what.calibration.after.ece:.1f} %"
    assert after in reliability_chart("x", what).svg()
    plain = replace(what, calibration=replace(what.calibration, after=None), tempered=None)
    assert "temperature" not in reliability_chart("x", plain).svg()


def test_utterances_say_answer_and_reason(rich):
    experiment = find_groups(rich.parents[1])[0].experiments[0]
    explained = read_explained(experiment)
    charts = list(utterance_charts(experiment, explained))
    assert [reason for reason, _ in charts][-1].startswith("highest posterior of the")
    wrong = charts[-1][1].svg()
    for words in ("waveform", "frequency (kHz)", "attention", "gate", "time (s)", 'class="warn"'):
        assert words in wrong
    del explained.arrays["gate_0"], explained.arrays["wave_0"]
    text = next(utterance_charts(experiment, explained))[1].svg()
    assert "gate" not in text and "waveform (" not in text


def test_map_has_a_point_for_each_utterance(rich):
    experiment = find_groups(rich.parents[1])[0].experiments[0]
    explained = read_explained(experiment)
    drawing = map_chart(experiment, explained)
    size = len(explained.arrays["map_xy"])
    assert drawing.svg().count("<circle") == size
    assert drawing.svg().count(", test</title>") == (size + 2) // 3
    del explained.arrays["map_xy"]
    assert map_chart(experiment, explained) is None


def test_a_damaged_explain_file_is_named(rich):
    (rich / "explain.npz").write_bytes(b"PK not really")
    with pytest.raises(InputError, match=r"explain\.npz.*cannot be read"):
        page_html(find_groups(rich.parents[1]))

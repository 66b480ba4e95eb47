"""Protocol files: read, written, generated; those that are committed are what they claim to be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyser.data.protocols import PARTS, generate_folds, parse_folds, read_protocol, write_protocol
from pyser.errors import FileError, InputError

HEADER = "fold\ttrain\tdev\ttest\n"
GOOD = "1\ta b\tc\td\n"


def write(path, text):
    path.write_text(text)
    return path


def test_round_trip(tmp_path):
    text = (
        "# description: one: two\n# where: utt2style=x,y\n# where: utt2session=1\n"
        "# untested: allowed\n" + HEADER + GOOD
    )
    protocol = read_protocol(write(tmp_path / "mine.tsv", text))
    assert protocol.id == "mine" and protocol.description == "one: two"
    assert protocol.where == {"utt2style": ("x", "y"), "utt2session": ("1",)}
    assert protocol.untested
    assert protocol.folds[0].speakers("train") == ("a", "b")
    assert protocol.folds[0].where == f"{tmp_path / 'mine.tsv'}:6"
    write_protocol(tmp_path / "again" / "mine.tsv", protocol)
    assert read_protocol(tmp_path / "again" / "mine.tsv") == protocol


def test_the_id_names_the_label_policy_unless_it_is_the_usual_one(tmp_path):
    protocol = read_protocol(write(tmp_path / "p.tsv", HEADER + GOOD))
    assert protocol.full_id({}) == "p"
    assert protocol.full_id({"labels": "all"}) == "p"
    assert protocol.full_id({"labels": "merged", "labels_default": True}) == "p"
    assert protocol.full_id({"labels": "replaced", "labels_default": False}) == "p-replaced"


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        (GOOD, 1, "header"),
        ("", None, "header"),
        (HEADER, None, "no folds"),
        (HEADER.replace("\t", " ") + GOOD, 1, "header"),
        (HEADER + "1\ta\tb\n", 2, "3 columns"),
        (HEADER + "2\ta\tb\tc\n", 2, "fold '2'"),
        (HEADER + GOOD + GOOD, 3, "fold '1'"),
        (HEADER + "1\ta\t\tc\n", 2, "dev has no speakers"),
        (HEADER + "1\ta a\tb\tc\n", 2, "train names a twice"),
        (HEADER + "1\ta\tb\tc\r\n", 2, "carriage return"),
        ("# wher: utt2style=x\n" + HEADER + GOOD, 1, "wher"),
        ("# description:\n" + HEADER + GOOD, 1, "description"),
        ("# where: utt2style\n" + HEADER + GOOD, 1, "utt2style"),
        ("# where: utt2style=x,\n" + HEADER + GOOD, 1, "utt2style"),
        ("# where: a=x\n# where: a=y\n" + HEADER + GOOD, 2, "second condition on a"),
        ("# description: x\n# description: y\n" + HEADER + GOOD, 2, "second description"),
        ("# untested: yes\n" + HEADER + GOOD, 1, "untested"),
    ],
)
def test_malformed_files_are_refused_with_the_line(tmp_path, text, line, word):
    path = tmp_path / "p.tsv"
    path.write_bytes(text.encode())
    with pytest.raises(InputError, match=word) as caught:
        read_protocol(path)
    assert caught.value.where == (f"{path}:{line}" if line else path)


def test_missing_file(tmp_path):
    with pytest.raises(FileError):
        read_protocol(tmp_path / "none.tsv")


@st.composite
def utterances_and_folds(draw):
    counts = draw(st.lists(st.integers(1, 40), min_size=3, max_size=14))
    items = [(f"s{k}-{n}", f"s{k}") for k, count in enumerate(counts) for n in range(count)]
    return items, draw(st.permutations(items)), draw(st.integers(3, len(counts)))


@settings(max_examples=50, deadline=None)
@given(utterances_and_folds())
def test_generated_folds(case):
    items, shuffled, num_folds = case
    utt2spk = dict(items)
    protocol = generate_folds(utt2spk, num_folds)
    assert generate_folds(dict(shuffled), num_folds) == protocol
    assert len(protocol.folds) == num_folds and protocol.id == f"folds{num_folds}"
    speakers = sorted(set(utt2spk.values()))
    for fold in protocol.folds:  # complete and disjoint: each speaker in exactly one part
        assert sorted(name for part in PARTS for name in fold.speakers(part)) == speakers
        assert all(fold.speakers(part) for part in PARTS)
    assert sorted(name for fold in protocol.folds for name in fold.test) == speakers
    counts = {name: list(utt2spk.values()).count(name) for name in speakers}
    sizes = [sum(counts[name] for name in fold.test) for fold in protocol.folds]
    assert max(sizes) - min(sizes) <= max(counts.values())


def test_generated_folds_are_dealt_by_size():
    utt2spk = {
        f"{s}{n}": s for s, count in zip("abcd", (5, 3, 2, 1), strict=True) for n in range(count)
    }
    tests = [fold.test for fold in generate_folds(utt2spk, 3).folds]
    assert tests == [("a",), ("b",), ("c", "d")]


def test_generated_folds_need_groups():
    with pytest.raises(InputError, match="at least 3"):
        generate_folds({"a": "a", "b": "b", "c": "c"}, 2)
    with pytest.raises(InputError, match="3 speakers cannot fill 4 folds"):
        generate_folds({"a": "a", "b": "b", "c": "c"}, 4)


IEMOCAP = [f"Ses0{k}{sex}" for k in range(1, 6) for sex in "FM"]
EMODB = ["03", "08", "09", "10", "11", "12", "13", "14", "15", "16"]
SPEAKERS = {
    "iemocap": IEMOCAP,
    "emodb": EMODB,
    "mspimprov": [f"{sex}0{k}" for sex in "FM" for k in range(1, 7)],
}
COMMITTED = [
    *("iemocap/loso5", "iemocap/loso10", "iemocap/impro10"),
    *("emodb/loso10", "mspimprov/loso6"),
]


@pytest.mark.parametrize("name", COMMITTED)
def test_committed_protocols_are_complete_and_in_canonical_form(repository, tmp_path, name):
    corpus, _, base = name.partition("/")
    path = repository / "egs" / corpus / "protocols" / f"{base}.tsv"
    protocol = read_protocol(path)
    write_protocol(tmp_path / path.name, protocol)
    assert (tmp_path / path.name).read_bytes() == path.read_bytes()
    everyone = SPEAKERS[corpus]
    for fold in protocol.folds:
        assert sorted(name for part in PARTS for name in fold.speakers(part)) == everyone
    assert sorted(name for fold in protocol.folds for name in fold.test) == everyone
    assert protocol.id == base


def test_iemocap_loso5_tests_sessions_and_selects_on_the_next(repository):
    protocol = read_protocol(repository / "egs/iemocap/protocols/loso5.tsv")
    assert protocol.where == {}
    for k, fold in enumerate(protocol.folds, 1):
        assert {name[:5] for name in fold.test} == {f"Ses0{k}"}
        assert {name[:5] for name in fold.dev} == {f"Ses0{k % 5 + 1}"}
        assert len(fold.test) == len(fold.dev) == 2
    assert len(protocol.folds) == 5


def test_iemocap_loso10_selects_on_the_partner(repository):
    protocol = read_protocol(repository / "egs/iemocap/protocols/loso10.tsv")
    assert len(protocol.folds) == 10 and protocol.where == {}
    for fold in protocol.folds:
        (test,), (dev,) = fold.test, fold.dev
        assert test[:5] == dev[:5] and test != dev


def test_iemocap_impro10_is_loso10_on_improvised_turns(repository):
    folder = repository / "egs/iemocap/protocols"
    protocol = read_protocol(folder / "impro10.tsv")
    assert protocol.folds == read_protocol(folder / "loso10.tsv").folds
    assert protocol.where == {"utt2style": ("improvised",)}


def test_emodb_loso10_selects_on_the_next_speaker(repository):
    protocol = read_protocol(repository / "egs/emodb/protocols/loso10.tsv")
    assert protocol.where == {}
    for k, fold in enumerate(protocol.folds):
        assert (fold.test, fold.dev) == ((EMODB[k],), (EMODB[(k + 1) % 10],))


@pytest.mark.parametrize("speakers, folds", [(3, 3), (4, 4), (9, 5)])
def test_number_of_generated_folds_follows_the_speakers(speakers, folds):
    utt2spk = {f"s{k}-{n}": f"s{k}" for k in range(speakers) for n in range(2)}
    assert len(generate_folds(utt2spk, 0).folds) == folds


@pytest.mark.parametrize("num_folds", [0, 2, 3, 5])
def test_two_speakers_are_too_few_for_generated_folds(num_folds):
    with pytest.raises(InputError) as caught:
        generate_folds({"a-1": "a", "b-1": "b"}, num_folds)
    found = "2 speakers; train, dev and test need one each: at least 3 speakers"
    assert str(caught.value) == f"utt2spk: {found}"


def test_folds_are_parsed_as_a_set():
    assert parse_folds(None, 3) == [1, 2, 3]
    assert parse_folds("3,1-2,2", 4) == [1, 2, 3]

"""The names of tables on the command line."""

import pytest

from pyser.errors import UsageError
from pyser.frontend.specifiers import Rspecifier, Wspecifier, parse_rspecifier, parse_wspecifier


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("scp:wav.scp", Rspecifier("scp", "wav.scp")),
        ("scp,p:wav.scp", Rspecifier("scp", "wav.scp")),
        ("scp,s,cs,o:a:b", Rspecifier("scp", "a:b")),
        ("ark:-", Rspecifier("ark", "-")),
        ("ark,t:x", Rspecifier("ark", "x")),
        ("ark:cat x |", Rspecifier("ark", "cat x |")),
    ],
)
def test_rspecifiers(text, wanted):
    assert parse_rspecifier(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ark:f", Wspecifier("f", None, False)),
        ("ark,t:f", Wspecifier("f", None, True)),
        ("ark,t,f:f", Wspecifier("f", None, True)),
        ("ark,scp:a,b", Wspecifier("a", "b", False)),
        ("ark,scp,t:a,b", Wspecifier("a", "b", True)),
        ("-", Wspecifier("-", None, False)),
        ("ark:-", Wspecifier("-", None, False)),
    ],
)
def test_wspecifiers(text, wanted):
    assert parse_wspecifier(text) == wanted


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (parse_rspecifier, "wav.scp", "did you mean scp:wav.scp"),
        (parse_rspecifier, "wav.ark", "did you mean ark:wav.ark"),
        (parse_rspecifier, "wav", "expected scp:wav.scp or ark:wav.ark$"),
        (parse_rspecifier, "-", "expected scp:"),
        (parse_rspecifier, "scp:", "no file is named"),
        (parse_rspecifier, "scp:a\udcffb", "a name in UTF-8"),
        (parse_rspecifier, "ark,scp:a,b", "one of scp: and ark:"),
        (parse_rspecifier, "p:a", "one of scp: and ark:"),
        (parse_rspecifier, "scp,x:a", "found 'scp,x:a'"),
        (parse_wspecifier, "feats.ark", "did you mean ark:feats.ark"),
        (parse_wspecifier, "scp:feats.scp", "expected ark:FILE"),
        (parse_wspecifier, "scp,ark:a,b", "expected ark:FILE"),
        (parse_wspecifier, "ark,scp:a", "expected ark:FILE"),
        (parse_wspecifier, "ark,scp:a,b,c", "expected ark:FILE"),
        (parse_wspecifier, "ark,scp:a,", "expected ark:FILE"),
        (parse_wspecifier, "ark,scp:-,b", "files where offsets are asked for"),
        (parse_wspecifier, "ark:| gzip -c > f.gz", "write to ark:- and pipe that"),
    ],
)
def test_what_is_refused(parse, text, message):
    with pytest.raises(UsageError, match=message):
        parse(text)

#!/usr/bin/env bash
# Your own speech: any data directory with wav.scp, utt2spk and utt2emo, to RESULTS.
corpus=own
root_option=data
root_help="data directory with wav.scp, utt2spk, utt2emo (any labels, any sampling rate)"
protocol=
labels=all
model=hnsd
num_folds=0
. "$(dirname "$0")/../common/stages.sh"

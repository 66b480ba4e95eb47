#!/usr/bin/env bash
# EMO-DB (Burkhardt et al., Interspeech 2005), from the release tree to RESULTS.
corpus=emodb
root_option=emodb
root_help="the release tree, with wav/ in it"
protocol=loso10
labels=all
model=hnsd
. "$(dirname "$0")/../common/stages.sh"

#!/usr/bin/env bash
# IEMOCAP, from the release tree to RESULTS; without --iemocap, a generated stand-in in its place.
corpus=iemocap
root_option=iemocap
root_help="the folder IEMOCAP_full_release (default: a synthetic stand-in is generated)"
protocol=loso5
labels=merged
model=hnsd
standin_model=hnsd_small
. "$(dirname "$0")/../common/stages.sh"

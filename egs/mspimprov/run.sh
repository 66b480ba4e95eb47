#!/usr/bin/env bash
# MSP-IMPROV (Busso et al., 2017; licensed), from the release tree to RESULTS.
corpus=mspimprov
root_option=mspimprov
root_help="the release tree, with Evalution.txt in it"
protocol=loso6
labels=four
model=hnsd
feature_options=(--allow-downsample=true) # the release is at 44.1 kHz
. "$(dirname "$0")/../common/stages.sh"

#!/usr/bin/env bash
# Train on one corpus, test on another: two data directories, such as other recipes make in stage 1.
corpus=cross
root_option=train_data
root_help="data directory to train and select on, such as egs/emodb/data/emodb"
prepare_options="test_data label_map"
prepare_help="
  --test-data DIR    data directory to test on
  --label-map FILE   lines '<label> <class>', labels without a line are left out; conf/four.map is one
                     (default: the labels that both have)"
protocol=cross
split_options=(--cross)
labels=all
model=hnsd
feature_options=(--allow-downsample=true) # corpora may have different rates
. "$(dirname "$0")/../common/stages.sh"

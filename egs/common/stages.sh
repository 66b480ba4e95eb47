# Sourced by egs/*/run.sh: THE list of stages. A recipe sets, before it sources this file:
#   corpus    what `pyser prepare` calls it            root_option  the option that names its root
#   protocol  the default protocol                     labels       the default label policy
#   model     the default conf/MODEL.yaml
# and, if it has them:
#   standin_model  the default model on the generated stand-in (used when no root is given)
#   num_folds      speaker-disjoint folds to generate, in place of protocols/PROTOCOL.tsv
#   feature_options  more options of `pyser features` than its conf has (array)
#   prepare_options  further options of `pyser prepare CORPUS`, words with underscores; the first is
#                  needed (prepare_help tells them)
#   split_options  how `pyser split` makes the folds, in place of protocols/PROTOCOL.tsv (array)

set -euo pipefail
recipe=$(cd "$(dirname "$0")" && pwd)
common=$recipe/../common
. "$common/env.sh"

experiment='' stage=0 stop_stage=6 nj=$(nproc) device=cpu seeds=1 folds=all word_vectors='' work_dir=$recipe standin_size=small feature_conf=fbank.conf
default_labels=$labels default_model=$model
for name in $root_option ${prepare_options:=}; do declare "$name="; done
options="$prepare_options stage stop_stage nj device protocol model experiment labels seeds folds feature_conf word_vectors work_dir ${standin_model:+standin_size} ${num_folds:+num_folds} $root_option"
explicit=" " prepare_given=()

usage() {
  cat <<EOF
usage: egs/$(basename "$recipe")/run.sh [options]
  --${root_option//_/-} DIR     ${root_help}${prepare_help:-}
  --stage N          first stage to run (default 0), --stop-stage M the last (default 6):
                     0 locate, 1 prepare, 2 features, 3 split, 4 train, 5 score, 6 report
  --nj J             processes at once (default: all cores)
  --device D         to train on: cpu, cuda, cuda:N or auto, shared by all processes (default cpu)
  --protocol P       protocols/P.tsv, or a TSV file's path (default ${protocol:-generated folds})
  --model M          conf/M.yaml, here or in egs/common, or a YAML file's path (default $model)
  --experiment E     conf/E.yaml (as for --model): rows of models and settings, with their protocol
                     and seeds, in place of one model; stages 4 to 6 train, score and compare them
  --labels L         label policy of \`pyser prepare $corpus\` (default $labels)
  --seeds K          train with seeds 1..K (default 1, or the experiment's)
  --folds LIST       such as 1,3-5 (default all)
  --feature-conf F   options of \`pyser features\`: conf/F, here or in egs/common, or a path
                     (default $feature_conf)
  --word-vectors FILE  of word2vec or GloVe, as text, for a model of words (default: it learns its own)
  --work-dir DIR     where data/ and exp/ go (default: this recipe's folder)${standin_model:+
  --standin-size S   small or tiny, of the generated stand-in (default small)}${num_folds:+
  --num-folds K      speaker-disjoint folds to generate; 0: a fold per speaker, at most 5 (default $num_folds)}
EOF
}

fail() {
  echo "ERROR: $1" >&2
  exit "${2:-1}"
}

while [ $# -gt 0 ]; do
  case $1 in --help | -h) usage && exit 0 ;; esac
  [[ $1 == --* ]] || fail "unexpected argument '$1'; --help lists the options" 2
  name=${1%%=*} name=${name#--} name=${name//-/_}
  [[ " $options " == *" $name "* ]] || fail "unknown option $1; --help lists the options" 2
  if [[ $1 == *=* ]]; then value=${1#*=}; else
    [ $# -gt 1 ] || fail "$1 has no value" 2
    value=$2 && shift
  fi
  shift
  declare "$name=$value"
  explicit+="$name "
done
for name in stage stop_stage nj seeds ${num_folds:+num_folds}; do
  [[ ${!name} =~ ^[0-9]{1,4}$ ]] || fail "--${name//_/-}=${!name} is not a whole number" 2
done
[ "$nj" -ge 1 ] && [ "$seeds" -ge 1 ] || fail "--nj=$nj --seeds=$seeds: at least 1 is expected" 2
[ "$stage" -le "$stop_stage" ] && [ "$stop_stage" -le 6 ] ||
  fail "--stage=$stage --stop-stage=$stop_stage: stages are 0 to 6, the first not after the last" 2
[[ $explicit != *" model "* || -z $experiment ]] || fail "--model or --experiment, one of them" 2
[[ -z $word_vectors || -z $experiment ]] || fail "--word-vectors is for a --model; of a row, write data.word_vectors" 2
[[ $folds =~ ^(all|[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*)$ ]] ||
  fail "--folds=$folds: expected all, or numbers and ranges such as 1,3-5" 2

find_conf() { # find_conf NAME: the file conf/NAME of this recipe, else the common one, or a path
  for file in "$1" "$recipe/conf/$1" "$common/conf/$1"; do
    [[ $file == */* && -e $file ]] && realpath "$file" && return
  done
  fail "no $1 in $recipe/conf or $common/conf" 2
}
show_conf() { # show_conf NAME: a configuration's name as it is printed, without the folder of a path
  [ "${1##*/}" = "$1" ] && echo "$1" || echo "PATH/${1##*/}.yaml"
}
root=${!root_option}
[ -z "$root" ] || root=$(cd "$root" 2>/dev/null && pwd) || fail "--${root_option//_/-} ${!root_option}: no such folder"
name=$corpus
if [ -z "$root" ]; then
  [ -n "${standin_model:-}" ] || fail "--${root_option//_/-} DIR is needed: ${root_help}" 2
  name=standin
  [[ $explicit == *" model "* ]] || model=$standin_model
elif [ -n "${num_folds:-}" ]; then
  name=$(basename "$root")
  [ -n "$protocol" ] && num_folds='' || protocol=folds$num_folds # folds0: the split itself decides
fi
for option in $prepare_options; do
  value=${!option}
  [ -n "$value" ] || [ "$option" != "${prepare_options%% *}" ] || fail "--${option//_/-} is needed; --help tells more" 2
  [ -n "$value" ] || continue
  value=$(realpath -e -- "$value" 2>/dev/null) || fail "--${option//_/-} ${!option}: no such file or folder"
  [ ! -d "$value" ] || name=$(basename "$root")-$(basename "$value")
  prepare_given+=("--${option//_/-}=$value")
done
if [ -n "$experiment" ]; then
  experiment=${experiment%.yaml}
  experiment_conf=$(find_conf "$experiment.yaml")
  [[ $explicit == *" protocol "* ]] || protocol=$(sed -n 's/^protocol: *\([^ #]*\).*/\1/p' "$experiment_conf")
fi
protocol_file=$recipe/protocols/$protocol.tsv
[[ $protocol != */* ]] || protocol_file=$(realpath "$protocol")
[ -n "${num_folds:-}${split_options:-}" ] || [ -e "$protocol_file" ] || fail "no protocol $protocol_file" 2
protocol=$(basename "$protocol" .tsv)
[ "$labels" = "$default_labels" ] || name+=-$labels
feature_conf=$(find_conf "$feature_conf")
data=data/$name
split=$data/split/$protocol
if [ -n "$experiment" ]; then
  exp=exp/$name
  what="--experiment $(show_conf "$experiment")"
  wanted=$experiment_conf
  train=(--experiment "$experiment_conf") score=("${train[@]}") report=("${train[@]}")
else
  model=${model%.yaml}
  model_conf=$(find_conf "$model.yaml")
  exp=exp/$name/${model##*/}/$protocol
  what="--model $(show_conf "$model")"
  wanted=$model_conf
  train=(--config "$model_conf") score=() report=()
  if [ -n "$word_vectors" ]; then
    value=$(realpath -e -- "$word_vectors" 2>/dev/null) || fail "--word-vectors $word_vectors: no such file"
    train+=("--data.word_vectors=$value")
  fi
fi
if [[ -z $experiment || $explicit == *" seeds "* ]]; then
  what+=" --seeds $seeds"
  train+=(--seeds "$seeds") score+=(--seeds "$seeds")
fi
{ mkdir -p -- "$work_dir" && cd -- "$work_dir"; } || fail "--work-dir $work_dir cannot be used"
root=${root:-$PWD/data/standin_release}

# What is printed beside the results to make them again: options, without this machine's folders.
command="egs/$(basename "$recipe")/run.sh"
[ -z "${!root_option}" ] || command+=" --${root_option//_/-} DIR"
for option in $prepare_options; do
  [ -z "${!option}" ] || command+=" --${option//_/-} PATH"
done
[ "$standin_size" = small ] || command+=" --standin-size $standin_size"
[ "$device" = cpu ] || command+=" --device $device"
command+=" $what"
[ -n "${num_folds:-}" ] && command+=" --num-folds $num_folds" || command+=" --protocol $protocol"
[ "$labels" = "$default_labels" ] || command+=" --labels $labels"
[ "$folds" = all ] || command+=" --folds $folds"
[ -z "$word_vectors" ] || command+=" --word-vectors FILE"
[[ $explicit != *" feature_conf "* ]] || command+=" --feature-conf ${feature_conf##*/}"

runs() { # runs NUMBER NAME: whether this stage is asked for; says so
  [ "$stage" -le "$1" ] && [ "$stop_stage" -ge "$1" ] && echo "== stage $1: $2" >&2
}

# A signal to this script ends the command it waits for too; bash alone would leave it running.
child=''
pyser() {
  local status=0
  (exec pyser "$@") &
  child=$!
  wait "$child" || status=$?
  child=''
  return "$status"
}
stop() { # stop SIGNAL
  trap - INT TERM HUP
  if [ -n "$child" ]; then
    kill -TERM "$child" 2>/dev/null || true
    wait "$child" || true
  fi
  kill -s "$1" $$
}
for signal in INT TERM HUP; do trap "stop $signal" "$signal"; done

[ "$folds" = all ] && fold_list=() || fold_list=(--folds "$folds")
make_environment
# The sets of features that are asked for; each has a data directory of its own.
feature_sets=$(python3 -m pyser.train.featuresets "$wanted")
for_each_set() { # for_each_set COMMAND: called with the data directory and the front end's options
  local set
  for set in $feature_sets; do
    if [ "$set" = default ]; then "$1" "$data" "$feature_conf"
    else "$1" "$data-$set" "$(find_conf "$set.conf")"; fi
  done
}

if runs 0 locate; then
  if [ "$root" = "$PWD/data/standin_release" ]; then
    echo "No --${root_option//_/-} DIR: a synthetic stand-in in the same layout is used. Its numbers say" \
      "nothing about real speech." >&2
    pyser prepare standin --size "$standin_size" --out "$root"
  else
    echo "Corpus at $root" >&2
  fi
fi
prepare() { # prepare DATA
  pyser prepare "$corpus" --root "$root" --out "$1" --labels "$labels" "${prepare_given[@]}"
}
features() { # features DATA CONF
  local more=()
  [ -e "$1/segments" ] && more+=(--segments "$1/segments")
  # Asked for by its number or the one before, features of older data or options are replaced.
  [ "$stage" = 1 ] || [ "$stage" = 2 ] && more+=(--overwrite)
  pyser features --config="$2" --num-threads="$nj" "${feature_options[@]}" "${more[@]}" \
    "scp:$1/wav.scp" "ark,scp:$1/feats.ark,$1/feats.scp"
}
split() { # split DATA
  local folds=(--protocol "$protocol_file")
  [ -z "${num_folds:-}" ] || folds=(--num-folds "$num_folds")
  [ -z "${split_options:-}" ] || folds=("${split_options[@]}")
  pyser split "$1" "${folds[@]}" --out "$1/split/$protocol"
  pyser audit "$1" "$1/split/$protocol" ||
    fail "the split does not bear out its claim (see above); with --stage 4 the results will say so"
}
if runs 1 prepare; then for_each_set prepare; fi
if runs 2 features; then for_each_set features; fi
if runs 3 split; then for_each_set split; fi
if runs 4 train; then
  pyser train "${train[@]}" --data "$data" --split "$split" --exp "$exp" \
    "${fold_list[@]}" --nj "$nj" --device "$device" --command "$command"
fi
if runs 5 score; then
  # Asked for by its number, the stage is done again; otherwise only what is missing is.
  [ "$stage" = 5 ] && again=(--overwrite) || again=()
  pyser score "${score[@]}" --exp "$exp" "${fold_list[@]}" --command "$command" "${again[@]}"
fi
if runs 6 report; then
  pyser report exp --out exp/RESULTS.md "${report[@]}"
  cat exp/RESULTS.md
  echo "Results: $PWD/exp/RESULTS.md, with all figures: $PWD/exp/report.html; logs: train.log of each run below $PWD/$exp" >&2
fi

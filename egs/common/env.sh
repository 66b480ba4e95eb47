# Sourced: makes the commands below run in an environment in which pyser is installed.
# `make_environment [EXTRA]` uses the current python3 if it already imports pyser from this checkout;
# otherwise it creates .venv at the root of the checkout (EXTRA names a set of optional dependencies).

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=$repository/.venv

make_environment() {
  local extra=${1:-} ready=$venv/.ready${1:+-$1}
  export PYTHONUNBUFFERED=1 # logs are read while they are written
  [ -z "$extra" ] && [ ! -e "$ready" ] && python3 -c "$importable" "$repository" 2>/dev/null && return
  if [ ! -e "$ready" ] || sources_changed "$ready"; then
    install_environment "$extra" && touch "$ready"
  fi
  export PATH=$venv/bin:$PATH
}

# A python3 that imports some other copy of pyser would run that copy's code, not this checkout's.
importable='
import pathlib, sys
sys.path.pop(0)
import pyser, pyser._native, kaldiio, torch, yaml
found = pathlib.Path(pyser.__file__).resolve().parents[1]
sys.exit(found != pathlib.Path(sys.argv[1]).resolve())
'

sources_changed() {
  local inputs=("$repository"/{csrc,setup.py,CMakeLists.txt,pyproject.toml,constraints.txt})
  [ -n "$(find "${inputs[@]}" -type f -newer "$1" -print -quit)" ]
}

install_environment() {
  local target=$repository${1:+[$1]}
  mkdir -p "$venv"
  (
    flock 9  # two recipes started at once must not install into the same place
    echo "Installing pyser and what it needs into $venv (a few minutes, once) ..." >&2
    [ -e "$venv/bin/pip" ] || python3 -m venv "$venv" || {
      echo "ERROR: python3 -m venv failed; on Debian: apt-get install python3-venv python3-dev g++" >&2
      exit 1
    }
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
      -c "$repository/constraints.txt" -e "$target"
  ) 9>"$venv/.lock" || {
    echo "ERROR: the installation failed (see above); it needs g++ and Python >= 3.11 with headers" >&2
    exit 1
  }
}

#!/usr/bin/env bash
# Environment with the test extras, lint, all tests, coverage. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
. egs/common/env.sh
export CMAKE_ARGS=-DCMAKE_COMPILE_WARNING_AS_ERROR=ON # the C++ has no warnings
make_environment test
ruff check .
ruff format --check .
rm -f .coverage .coverage.*
status=0
if [ $# -gt 0 ]; then
  exec pytest "$@"
fi
coverage run -m pytest || status=$?
# Once more with each slower instruction set: the features are the same bytes.
for level in $(python -c "import pyser; print(*pyser.simd_levels()[:-1])"); do
  PYSER_SIMD=$level pytest -q tests/golden tests/parity tests/property \
    --ignore=tests/property/test_identity.py || status=1 # which runs at every level by itself
done
coverage combine --quiet
coverage report --fail-under=90 || status=1
exit "$status"

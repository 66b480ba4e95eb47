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
coverage combine --quiet
coverage report --fail-under=90 || status=1
exit "$status"

#!/usr/bin/env bash
# Every check and test; people and CI run this same script.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
# The tests start some hundred processes: each would compile the whole program again.
unset PYTHONDONTWRITEBYTECODE
failed=()

step() {
  local name=$1
  shift
  printf '\n── %s\n' "$name"
  "$@" || failed+=("$name")
}

if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  printf '\n── installing chromium\n'
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null ||
    echo "chromium could not be installed"
fi

missing=()
for program in nginx caddy systemd-analyze logrotate; do
  command -v "$program" >/dev/null || missing+=("${program%-analyze}")
done
if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  printf '\n── installing %s\n' "${missing[*]}"
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    echo "not all of them could be installed"
fi

tracker_is_current() {
  local before after
  before=$(sha256sum dist/*.js)
  npm run --silent build && after=$(sha256sum dist/*.js) && [ "$before" = "$after" ] ||
    { echo "tracker/dist is not what tracker/src builds; run: npm run build" >&2; return 1; }
}

step "format" $bin/ruff format --check .
step "lint" $bin/ruff check .
step "types" $bin/mypy
step "layers" $bin/lint-imports
step "readme" $bin/python scripts/readme.py --check
cd tracker
step "tracker: build equals the committed file" tracker_is_current
step "tracker: types" npm run --silent check
step "tracker: lint" npm run --silent lint
step "tracker: tests" npm test --silent
cd ..
step "tests" $bin/pytest -q -n auto --dist loadfile

if ! command -v chromium >/dev/null; then
  printf '\n%s\n%s\n%s\n' \
    "################################################################################" \
    "##  NO CHROMIUM HERE: every test in a real browser was SKIPPED                ##" \
    "################################################################################"
fi
if [ ${#failed[@]} -gt 0 ]; then
  printf '\nFAILED: %s\n' "${failed[@]}"
  exit 1
fi
printf '\nAll checks passed.\n'

#!/usr/bin/env bash
# Make a virtual environment with usertrack and its development tools: scripts/venv.sh PYTHON FOLDER
set -euo pipefail
python=$1 venv=$2

if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  # Debian keeps ensurepip in a package of its own.
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
  else
    echo "python3-venv is missing; install it with: sudo apt-get install python3-venv" >&2
    exit 1
  fi
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --upgrade 'pip>=25.1'
"$venv/bin/python" -m pip install --quiet --group dev --editable .

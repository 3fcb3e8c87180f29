#!/usr/bin/env bash
# Installs the Python peers of test/interop into a folder of their own (default var/interop), one environment for each
# version of Pipecat and one for the tester of the API. Does nothing for an environment that is there and was made from the same requirements.
#
#   scripts/install-interop.sh [folder]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$root/var/interop}
python=${PYTHON:-python3}
mkdir -p "$folder"

install() {
  local name=$1 requirements=$2
  local environment=$folder/$name
  if cmp -s "$requirements" "$environment/installed.txt"; then
    echo "$name: there already"
    return
  fi
  rm -rf "$environment"
  "$python" -m venv "$environment"
  "$environment/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-deps \
    --requirement "$requirements"
  # Last, so that an installation that broke off is made anew.
  cp "$requirements" "$environment/installed.txt"
  echo "$name: installed"
}

install pipecat-new "$root/test/interop/pipecat/requirements-new.txt"
install pipecat-old "$root/test/interop/pipecat/requirements-old.txt"
install schemathesis "$root/test/interop/schemathesis/requirements.txt"
# Without it Pipecat 1.2.1 tries to download this data when it is imported. The bots never split sentences.
mkdir -p "$folder/nltk_data/tokenizers/punkt_tab"

#!/usr/bin/env bash
# The models of docs/model, each once and briefly; ./dev model checks them with larger bounds.
set -euo pipefail
if ! command -v spin >/dev/null; then
	echo '1..0 # SKIP there is no spin'
	exit
fi
exec bash "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../docs/model/check.sh" --short

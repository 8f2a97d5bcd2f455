#!/bin/bash
# Started in the container: what has to be done to its network is in the image that ours is built
# on; then the server, with the runner's environment.
set -e

if [ -x /setup.sh ]; then
    /setup.sh
fi

if [ -n "$QLOGDIR" ]; then
    mkdir -p "$QLOGDIR"
fi

exec python3 "$(dirname "$0")/endpoint.py"

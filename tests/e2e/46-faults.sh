#!/bin/sh
# timeout: 180
# Another sample of `make faults`: what 45-evil-faults.sh leaves out, and a
# world in which every read and write is short.
FAULT_EVERY=${FAULT_EVERY:-48} exec "$(dirname "$0")/../fault/run" network \
	media sign add bundle reports short

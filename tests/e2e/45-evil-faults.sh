#!/bin/sh
# timeout: 120
# A sample of `make faults`: a step of an update fails, or is the last one.
FAULT_EVERY=${FAULT_EVERY:-16} exec "$(dirname "$0")/../fault/run" client rotate

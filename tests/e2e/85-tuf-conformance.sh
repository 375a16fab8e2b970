#!/bin/sh
# sluice tuf and what the TUF project's suite for clients asks of one, case by
# case under its names, with tuf-js beside it (tests/tuf/conformance.mjs).
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

tuf_setup
has faketime || skip_all "no faketime (packaging/deps test)"
SLUICE_BIN=$BIN TMPDIR=$WORK node "$TOP/tests/tuf/conformance.mjs"

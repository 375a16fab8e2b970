#!/bin/sh
# sluice tuf against repositories made by hand, good and hostile, and tuf-js
# beside it: keys.  The cases are tests/tuf/cases-keys.mjs.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/lib.sh"

tuf_setup
has faketime || skip_all "no faketime (packaging/deps test)"
SLUICE_BIN=$BIN TMPDIR=$WORK node "$TOP/tests/tuf/cases-keys.mjs"

# The store alone, without daemon, socket and JSON: what is left of the adds and claims.
. "$ASCHED_SOURCE/tests/bench/lib.sh"

TMPDIR=$dir "$bench/store" > "$dir/facts" || exit 1
value() {
	fact "$1" < "$dir/facts"
}
report 'the store alone: adds, batches of 1,000' "$(value adds_batch)" /s "$(value bare_batch)" '>=' -
report 'the store alone: adds, one at a time' "$(value adds_one)" /s "$(value bare_one)" '>=' -
report 'the store alone: runs, from claim to end' "$(value runs)" /s - '>=' -
report 'the store alone: claims with 500,000 runs' "$(value claims_full)" /s "$(value claims_empty)" '>=' -

# Next times: of a parsed schedule, parsed and asked, and by `asched next --batch`.
. "$ASCHED_SOURCE/tests/bench/lib.sh"

cd "$ASCHED_BUILD" && "$bench/when" > "$dir/facts" || exit 1
report 'next of a parsed schedule' "$(fact next < "$dir/facts")" /s - '>=' 1000000
report 'allocations of an answer' "$(fact allocations_per_next < "$dir/facts")" '' - '<=' 0
report 'parse and next' "$(fact parse_and_next < "$dir/facts")" /s - '>=' 500000
report 'asched next --batch, one time a line' "$(fact batch_1 < "$dir/facts")" /s - '>=' 200000
report 'asched next --batch, five times a line' "$(fact batch_5 < "$dir/facts")" /s - '>=' 120000

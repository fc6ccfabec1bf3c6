# Every example of asched-schedule(7) is true: TEXT -> TIMES, or -> refused: PART OF THE ERROR.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
page=$ASCHED_SOURCE/man/asched-schedule.7

sed -n '/^\.Bd -literal/,/^\.Ed/p' "$page" | grep -e '->' | sed 's/\\(ti/~/g' > "$dir/examples"
while IFS= read -r example; do
	text=${example%% -> *} wanted=${example##* -> }
	from='--from 2026-11-20T12:00:00+01:00'
	case $text in *--from*) from= ;; esac
	eval "asched next --json --tz Europe/Berlin $from -n 1 $text" > "$dir/out" 2> "$dir/err"
	status=$?
	case $wanted in
	refused:*)
		message=$(sed 's/\\"/"/g' "$dir/err")
		[ $status -eq 2 ] || message="exit $status, $(cat "$dir/out")"
		has "$text is refused" "${wanted#refused: }" "$message"
		;;
	*)
		is "$text" "[\"$wanted\"]" "$(cat "$dir/out" "$dir/err")"
		;;
	esac
done < "$dir/examples"
[ "$ntests" -gt 100 ]
ok $? 'the page has more than 100 examples'
finish

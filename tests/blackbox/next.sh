# asched next, explain and lint: no daemon is needed.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"

from=2026-03-28T12:00:00Z
is 'next prints one JSON array of times with numeric offsets' \
	'["2026-03-29T03:00:00+02:00","2026-03-30T02:30:00+02:00"]' \
	"$(asched next --tz Europe/Berlin --from $from -n 2 --json '30 2 * * *')"
has 'next marks a time that DST has shifted' '(shifted' \
	"$(asched next --tz Europe/Berlin --from $from -n 1 '30 2 * * *')"
is 'next follows --dst' '["2026-03-30T02:30:00+02:00"]' \
	"$(asched next --tz Europe/Berlin --from $from -n 1 --json --dst literal '30 2 * * *')"
is 'next prints UTC with --utc' '["2026-03-29T01:00:00+00:00"]' \
	"$(asched next --utc --tz Europe/Berlin --from $from -n 1 --json '30 2 * * *')"
is 'next prints fewer times when there are no more' '["2026-12-24T18:00:00+00:00"]' \
	"$(asched next --tz UTC --from $from --json --at '2026-12-24 18:00')"
fails_with 2 'cron: minute: 61 is not in 0-59' asched next '61 * * * *'
fails_with 2 'never due' asched next '0 0 30 2 *'
fails_with 2 'never due after' asched next --at 2020-01-01
fails_with 2 'tz: the zone "Mars/Crater" is unknown' asched next --tz Mars/Crater @daily
fails_with 2 'dst: "never" is not' asched next --dst never @daily
fails_with 2 'from: "yesterday"' asched next --from yesterday @daily
fails_with 2 'count: 0 is not in' asched next -n 0 @daily
fails_with 2 'batch: takes schedules and how many times from standard input' \
	asched next --batch -n 3
fails_with 2 'batch: takes schedules and how many times from standard input' \
	asched next --batch --every 5m
fails_with 2 'WHEN is missing' asched next
fails_with 2 'not by the clock' asched next @reboot
fails_with 2 '"field":"tz"' asched --json next --tz Mars/Crater @daily

cat > "$dir/questions" << 'END'
{"id":1,"expr":"30 2 * * *","tz":"Europe/Berlin","from":"2026-03-28T12:00:00Z","n":2}
{"id":"b","calendar":"Mon 10:00","tz":"UTC","from":"2026-03-28T12:00:00Z"}

{"id":3,"expr":"61 * * * *"}
{"id":4,"expr":"@daily","tz":"Nowhere/Else"}
{"id":5,"expr":"@daily","from":"yesterday"}
{"id":6}
{"id":7,"expr":"@daily","n":0}
{"id":8,"expr":"@daily","exprs":"@daily"}
[]
no JSON
END
printf '{"id":9,"expr":"@daily","tz":"UTC","from":"2026-03-28T12:00:00Z"}' >> "$dir/questions"
cat > "$dir/answers" << 'END'
{"id":1,"times":["2026-03-29T03:00:00+02:00","2026-03-30T02:30:00+02:00"]}
{"id":"b","times":["2026-03-30T10:00:00+00:00"]}
{"id":3,"error":"cron: minute: 61 is not in 0-59"}
{"id":4,"error":"tz: the zone \"Nowhere/Else\" is unknown on this machine"}
{"id":5,"error":"from: \"yesterday\" is not a time like 2026-12-24T18:00:00+01:00"}
{"id":6,"error":"expr: missing"}
{"id":7,"error":"n: not a number in 1-10000"}
{"id":8,"error":"unknown key \"exprs\""}
{"id":null,"error":"the line is not a JSON object"}
{"id":null,"error":"not JSON: '[' or '{' expected near 'no'"}
{"id":9,"times":["2026-03-29T00:00:00+00:00"]}
END
asched next --batch < "$dir/questions" > "$dir/got"
is '--batch exits with 0' 0 $?
is '--batch answers every line in order' "$(cat "$dir/answers")" "$(cat "$dir/got")"

{ head -c 200000 /dev/zero | tr '\0' x; echo; echo '{"id":1,"expr":"@daily","n":0}'; } > "$dir/long"
is '--batch refuses a line that is too long and goes on' \
	'{"id":null,"error":"the line is longer than 64 KiB"}
{"id":1,"error":"n: not a number in 1-10000"}' "$(asched next --batch < "$dir/long")"

mkfifo "$dir/questions.fifo" "$dir/answers.fifo"
asched next --batch < "$dir/questions.fifo" > "$dir/answers.fifo" &
exec 3> "$dir/questions.fifo" 4< "$dir/answers.fifo"
echo '{"id":1,"expr":"@daily","tz":"UTC","from":"2026-03-28T12:00:00Z"}' >&3
read -r answer <&4
is '--batch answers before its input ends' '{"id":1,"times":["2026-03-29T00:00:00+00:00"]}' "$answer"
exec 3>&- 4<&-
wait

is 'explain says a schedule in words' 'at 02:30 on Monday to Friday, Europe/Berlin' \
	"$(asched explain --tz Europe/Berlin '30 2 * * mon-fri')"
is 'lint is silent about a good schedule' '' "$(asched lint '5 4 * * *')"
cat > "$dir/crontab" << 'END'
# a comment
SHELL=/bin/sh

5 4 * * * root /bin/true
* 4 * * * root /bin/true
@daily /bin/true
END
is 'lint reads a crontab' \
	"$dir/crontab:5: minute: due at every minute of the hours given; for once an hour write 0 instead of *" \
	"$(asched lint "$dir/crontab")"
asched lint "$dir/crontab" > "$dir/out.txt"
is 'lint exits with 1 when there is a remark' 1 $?
echo '61 * * * * root /bin/true' >> "$dir/crontab"
fails_with 2 "crontab:7: cron: minute: 61 is not in 0-59" asched lint "$dir/crontab"
printf '%s\n' '30 2 * * * /bin/true' 'CRON_TZ = "Europe/Berlin"' '30 2 * * * /bin/true' > "$dir/crontab"
is 'lint knows the zone that a crontab sets' "$dir/crontab:3: dst: 02:30 does not exist" \
	"$(asched lint --tz UTC --from 2026-11-20T12:00:00Z "$dir/crontab" | sed -n '1s/ exist .*/ exist/p')"
finish

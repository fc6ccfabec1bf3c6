# Runs that are hard to bear: what they write, how they fail to start, what they try to reach.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
daemon_start || exit 1

# run NAME [OPTIONS] -- COMMAND: adds it, runs it to its end.
run() {
	name=$1
	shift
	asched add -q --name "$name" --every 1d "$@" > /dev/null && asched run "$name" --wait > /dev/null 2>&1
}

# The very bytes: NUL, bytes that are no UTF-8, escapes, no newline at the end.
printf 'a\000b\377\376\033[31m\303(\r\n\n\360\237\222' > "$dir/bytes"
run bytes -- cat "$dir/bytes"
asched logs bytes --raw > "$dir/got"
cmp -s "$dir/bytes" "$dir/got"
ok $? 'every byte of an output is kept' || diag "$(od -c "$dir/got")"

head -c 1500000 /dev/zero | tr '\0' x > "$dir/line"
run line -- cat "$dir/line"
is 'of one line of 1.5 MB the first and the last half are kept' '1048576 451424' \
	"$(asched logs line --raw 2> "$dir/said" | wc -c) $(sed 's/[^0-9]*\([0-9]*\).*/\1/' "$dir/said")"

# Nobody holds the output any more, and the run is not over.
began=$(now_ms)
run silent --shell 'exec >&- 2>&-; sleep 1; exit 3'
is 'a run that closes its outputs ends with its own code' 3 $?
[ $(($(now_ms) - began)) -ge 1000 ]
ok $? 'and not before its time'

# 4 KiB of everything that a shell, a C library or JSON could change.
args=$(printf '%%s %%n $HOME ${x} `id` \\n \t "q" '\''s'\'' * ? ~ # ; | < > ä€😀 ')
while [ ${#args} -lt 3000 ]; do
	args="$args$args"
done
run args -- printf '[%s]' "$args" '' ' '
printf '[%s]' "$args" '' ' ' > "$dir/wanted"
asched logs args --raw > "$dir/got"
cmp -s "$dir/wanted" "$dir/got"
ok $? 'arguments arrive byte by byte'

# Starts that fail say where and why, and are no exit status of the job's.
printf 'no header' > "$dir/plain"
chmod 755 "$dir/plain"
printf '#!/no/such/shell\n' > "$dir/lost"
chmod 755 "$dir/lost"
: > "$dir/data"
# fails NAME DETAIL [OPTIONS] -- COMMAND
fails() {
	fails_name=$1 detail=$2
	shift 2
	run "$fails_name" "$@"
	has "$fails_name: $detail" "\"reason\":\"start-failed\",\"detail\":\"$detail\"" \
		"$(asched --json runs "$fails_name" | tr -d ' \n')"
}
fails missing 'exec:ENOENT' -- /no/such/program
fails unfound 'exec:ENOENT' -- no-such-program
fails no-interpreter 'exec:ENOENT' -- "$dir/lost"
fails no-program 'exec:EACCES' -- "$dir/data"
fails no-format 'exec:ENOEXEC' -- "$dir/plain"
fails no-directory 'cwd:ENOENT' --cwd /no/such/directory -- true
long=$(head -c 65500 /dev/zero | tr '\0' x)
fails_with 2 '188416 are allowed' asched add --every 1d -- true "$long" "$long" "$long"

asched add -q --name large --every 1d -- true "$long" "$long" > /dev/null

# What is not given to a run is not there.
if command -v bash > /dev/null; then
	run descriptors -- bash -c 'exec 2> /dev/null; for fd in {3..1023}; do
		true >&$fd && echo "$fd"; done; echo done'
	is 'descriptors 3 to 1023 are closed' done "$(asched logs descriptors --raw)"
else
	skip 'descriptors 3 to 1023 are closed' 'needs bash'
fi

# A fork bomb under a limit ends alone, and the others run on time.
asched add -q --name tick --every 1s -- true > /dev/null
case $(id -u) in
0) skip 'a fork bomb ends by itself' 'limit-processes does not bind root; see users.sh' ;;
*)
	run bomb --limit-processes 50 --timeout 3s --leftovers kill --shell \
		'bomb() { bomb | bomb & }; bomb; sleep 5'
	ok "$([ "$(run_count bomb failed)" = 1 ]; echo $?)" 'a fork bomb ends by itself'
	;;
esac
within 10 has_runs tick succeeded 2
! asched --json runs tick --limit 0 | grep -qE '"state":"(failed|missed|lost|skipped)"'
ok $? 'the others have run on time' || diag "$(asched runs tick)"
daemon_stop TERM

# What the kernel takes depends on the limit of the stack.
soft=$(ulimit -S -s)
ulimit -S -s 400
daemon_start
ulimit -S -s "$soft"
asched run large --wait > /dev/null 2>&1
has 'more arguments than the kernel takes: exec:E2BIG' \
	'"reason":"start-failed","detail":"exec:E2BIG"' "$(asched --json runs large | tr -d ' \n')"
daemon_stop TERM

# As many open files as may be: nothing goes through all of them.
ulimit -S -n "$(ulimit -H -n)"
daemon_start
began=$(now_ms)
for i in 1 2 3 4 5 6 7 8 9 10; do
	asched run bytes --wait > /dev/null
done
[ $(($(now_ms) - began)) -lt 3000 ]
ok $? 'starts are fast whatever the limit of open files is' || diag "$(($(now_ms) - began)) ms"
daemon_stop TERM
finish

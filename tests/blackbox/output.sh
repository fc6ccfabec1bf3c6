# What runs print: apart and together, followed live, whatever becomes of the daemon meanwhile.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
daemon_start || finish

# apart COMMAND...: its stdout and stderr in $out and $err.
apart() {
	"$@" > "$dir/out" 2> "$dir/err"
	code=$?
	out=$(cat "$dir/out") err=$(cat "$dir/err")
}

script='echo one; echo two >&2; echo three'
asched add --in 1h --quiet --name split --split-output --shell "$script" > /dev/null
asched add --in 1h --quiet --name joined --shell "$script" > /dev/null
asched run --wait split > /dev/null
asched run --wait joined > /dev/null
apart asched logs split
is 'what is split is shown apart: output' 'one
three' "$out"
is 'errors' two "$err"
apart asched logs --stdout split
is '--stdout shows the output only' 'one
three,' "$out,$err"
apart asched logs --stderr split
is '--stderr the errors only, as data' 'two,' "$out,$err"
apart asched logs joined
is 'what is not split stays in its order' 'one
two
three,' "$out,$err"
fails_with 2 'stderr: it is not kept apart; see --split-output' asched logs --stderr joined
fails_with 2 'stdout: give it or --stderr' asched logs --stderr --stdout split
has 'the attempt tells how much it was' '"stderr_bytes": 4' "$(asched --json show --run 1)"
has 'and that it was not split' '"stderr_bytes": null' "$(asched --json show --run 2)"
is 'as JSON there is the stream asked for' 'stderr' \
	"$(asched --json logs --stderr split | json_value stream)"
has 'show tells the field' 'split-output yes' "$(asched show split | tr -s ' ')"
apart asched run --follow split
is 'run --follow shows both apart' 'one
three' "$out"
has 'errors too' 'two' "$err"
asched add --in 1h --quiet --name filed --split-output --output "$dir/file" --shell "$script" \
	> /dev/null
asched run --wait filed > /dev/null
apart asched logs filed
is 'with --output only stdout goes to the file' ',two,one
three' "$out,$err,$(cat "$dir/file")"
asched add --in 1h --quiet --name floods --split-output --shell \
	'head -c 3000000 /dev/zero | tr "\\0" o; head -c 3000000 /dev/zero | tr "\\0" e >&2' > /dev/null
asched run --wait floods > /dev/null
is 'each has the whole cap' '1048576 1048576' \
	"$(asched logs --stdout floods 2> /dev/null | tr -cd o | wc -c) $(asched logs --stderr \
		floods 2> /dev/null | tr -cd e | wc -c)"
finish

# add --here: the caller's surroundings go with the job.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
daemon_start || finish

# keep OPTIONS...: what a job with --here and these prints, added in odd surroundings.
keep() {
	mkdir -p "$dir/a place"
	job=$(cd "$dir/a place" && umask 037 && env -i HOME="$HOME" ASCHED_SOCKET="$ASCHED_SOCKET" \
		PATH="$PATH" TERM=odd DISPLAY=:1 LD_DEBUG_OUTPUT=/x BASH_ENV=/y 'f()=1' 'TWO=a
b' EMPTY= GREETING='hello you' "$ASCHED_BUILD/asched" add --in 1h --quiet --here "$@" \
		--shell 'pwd; umask; env | grep -v ^ASCHED_ | sort' 2> "$dir/said")
	asched run --wait "$job" > /dev/null
	asched logs "$job"
}

text=$(keep)
is 'the environment, directory and umask are kept' "$dir/a place
0037
EMPTY=
GREETING=hello you
HOME=$HOME
LOGNAME=$(id -un)
PATH=$PATH
PWD=$dir/a place
SHELL=$(getent passwd "$(id -u)" | cut -d: -f7)
TWO=a
USER=$(id -un)
b" "$text"
is 'what no job may have is named' \
	'asched: here: left out: ASCHED_SOCKET BASH_ENV LD_DEBUG_OUTPUT f()' \
	"$(sed 's/: left out://' "$dir/said" | tr ' ' '\n' | sed 1,2d | sort | tr '\n' ' ' |
		sed 's/^/asched: here: left out: /; s/ $//')"
text=$(keep --cwd / --umask 022 --env GREETING=mine --env MORE=1)
has 'what is given wins' '/
0022
EMPTY=' "$text"
has 'of the environment too' 'GREETING=mine' "$text"
has 'and is added' 'MORE=1' "$text"

fails_with 2 'here: these surroundings are not' asched add --here --user root --in 1h -- true
big=$(head -c 70000 /dev/zero | tr '\0' x)
BIG=$big fails_with 2 'here: BIG has 70004 bytes; 65536 are allowed' asched add --here --in 1h -- true
LD_BIG=$big succeeds 'what is left out may have any length' asched add --here --in 1h --quiet -- true
big=$(head -c 63000 /dev/zero | tr '\0' x)
A=$big B=$big C=$big fails_with 2 'env: ' asched add --here --in 1h -- true
is 'nothing else was added' 3 "$(asched --json list | grep -c '"id":')"

job=$(asched add --in 1h --quiet -- true)
succeeds 'set takes it too' env -C "$dir/a place" "$ASCHED_BUILD/asched" set "$job" --here
has 'and the job has it' "$dir/a place" "$(asched show "$job")"
finish

# make bench: the table of what the goals ask of speed, each row with its bare limit measured in the
# same run. BENCH="ROW..." runs these rows only. contrib/bench/README says how to read it.
: "${ASCHED_BUILD:?the build directory}" "${ASCHED_SOURCE:?the source directory}"
rows=${BENCH-adds store stampede lateness http million history next slow_disk command restart peers}
errors=0

machine() {
	cpu=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
	printf 'machine   %s, %s cores, load %s\n' "${cpu:-$(uname -m)}" "$(nproc)" \
		"$(cut -d ' ' -f 1-3 /proc/loadavg)"
	printf 'kernel    %s\n' "$(uname -sr)"
	printf 'disk      %s (%s)\n' "${TMPDIR-/tmp}" "$(df -T "${TMPDIR-/tmp}" | awk 'NR == 2 { print $2 }')"
	printf 'versions  %s, built with %s\n' "$("$ASCHED_BUILD/asched" --version | head -n 1)" \
		"$("${CC-cc}" --version 2> /dev/null | head -n 1)"
	printf '          %s\n' "$("$ASCHED_BUILD/tests/bench/ledger" versions)"
	printf 'date      %s\n\n' "$(date -u +%Y-%m-%dT%H:%MZ)"
}

machine
printf '%-46s %9s %-6s %9s %6s  %-12s %s\n' what measured '' bare ratio goal ok
for row in $rows; do
	script=$ASCHED_SOURCE/tests/bench/rows/$row.sh
	if [ ! -f "$script" ]; then
		echo "bench: no row is called \"$row\"" >&2
		exit 2
	fi
	"${SHELL-/bin/sh}" "$script" || {
		errors=$((errors + 1))
		echo "# $row: could not be measured"
	}
done
exit $((errors > 0))

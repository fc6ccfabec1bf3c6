# The size law: a function has at most 70 lines, a file of src/ at most 500.
: "${ASCHED_SOURCE:?the source directory}"
cd "$ASCHED_SOURCE" || exit 1
list=$(find src tests \( -name '*.c' -o -name '*.h' \) | sort)

broken=$(awk '
	function check_file() {
		if (lines > 500 && name ~ /^src/)
			printf "%s has %d lines\n", name, lines
	}
	FNR == 1 { check_file(); name = FILENAME; at = 0 }
	{ lines = FNR }
	/^\{/ { at = FNR }
	/^\}/ && at {
		if (FNR - at - 1 > 70)
			printf "%s:%d: a function of %d lines\n", FILENAME, at, FNR - at - 1
		at = 0
	}
	length($0) > 200 { printf "%s:%d: %d columns\n", FILENAME, FNR, length($0) }
	END { check_file() }
' $list)

echo 1..1
if [ -z "$broken" ]; then
	echo 'ok 1 - functions have at most 70 lines and files at most 500'
else
	printf '%s\n' "$broken" | sed 's/^/# /'
	echo 'not ok 1 - functions have at most 70 lines and files at most 500'
fi

# The include law of DESIGN part 4: what a folder of src/ may include, and who sees which library.
: "${ASCHED_SOURCE:?the source directory}"
cd "$ASCHED_SOURCE/src" || exit 1
ntests=0

# law SENTENCE LINES: the lines break it.
law() {
	ntests=$((ntests + 1))
	if [ -z "$2" ]; then
		echo "ok $ntests - $1"
	else
		printf '%s\n' "$2" | sed 's/^/# /'
		echo "not ok $ntests - $1"
	fi
}

# lines PATTERN: where it stands, as FILE:LINE:TEXT, but for comments.
lines() {
	grep -nE "$1" */*.[ch] | grep -vE ':[[:space:]]*(/?\*|//)'
}

# FOLDER and the other folders that it may include from.
while read -r folder others; do
	pattern=$(echo "$folder $others" | sed 's/ *$//; s/ /|/g')
	law "$folder includes only ${others:-itself}" \
		"$(lines '^#include "' | grep "^$folder/" | grep -vE "#include \"($pattern)/")"
done <<-END
	base
	when base
	model when base
	engine model when base
	store engine model when base
	runner spawn engine model when base
	spawn base
	control engine model when base
	alert engine model when base
	daemon control alert runner spawn store engine model when base
	cli model when base
END

# HEADER and the files that may include it.
while read -r header files; do
	law "only $files includes <$header>" "$(lines "#include <$header>" | grep -vE "^($files)")"
done <<-END
	sqlite3\.h store/
	curl/.* runner/http|runner/curl|alert/
	ini\.h daemon/
	jansson\.h control/|cli/
	ev\.h runner/|control/|alert/|daemon/
	pthread\.h store/|when/zones|daemon/
	systemd/.* daemon/
END

law 'only daemon/clock.c, cli/screen.c and the spawner read a clock' \
	"$(lines '\b(clock_gettime|gettimeofday)\(|\btime\(NULL' |
		grep -vE '^(daemon/clock|cli/screen|spawn/)')"
law 'only the spawner forks' "$(lines '\bv?fork\(' | grep -v '^spawn/')"
law 'nobody uses strcpy, strcat, sprintf, strtok, atoi or gets' \
	"$(lines '\b(strcpy|strcat|sprintf|strtok|atoi|gets)\(')"
law 'nothing is left to do later' "$(grep -nE '\b(TODO|FIXME|XXX)\b' */*.[ch])"
echo "1..$ntests"

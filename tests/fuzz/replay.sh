# The corpus of every fuzz target is replayed.
: "${ASCHED_BUILD:?the build directory}" "${ASCHED_SOURCE:?the source directory}"
n=0
for corpus in "$ASCHED_SOURCE"/tests/fuzz/corpus/*; do
	target=$(basename "$corpus")
	n=$((n + 1))
	if words=$("$ASCHED_BUILD/tests/fuzz/$target" "$corpus" 2>&1); then
		echo "ok $n - $target stands its corpus: $words"
	else
		printf '%s\n' "$words" | sed 's/^/# /'
		echo "not ok $n - $target stands its corpus"
	fi
done
echo "1..$n"

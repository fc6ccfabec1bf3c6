# The format law: clang-format 14 has nothing to change in src. (The tables of tests are laid out by hand.)
: "${ASCHED_SOURCE:?the source directory}"
cd "$ASCHED_SOURCE" || exit 1
if ! command -v clang-format-14 > /dev/null; then
	echo '1..0 # SKIP clang-format-14 is not installed'
	exit 0
fi
broken=$(find src -name "*.[ch]" -exec clang-format-14 --dry-run {} + 2>&1 |
	grep 'clang-formatted' | cut -d : -f 1,2 | sort | uniq)

echo 1..1
if [ -z "$broken" ]; then
	echo 'ok 1 - the sources are as .clang-format wants them'
else
	printf '%s\n' "$broken" | sed 's/^/# /'
	echo 'not ok 1 - the sources are as .clang-format wants them'
fi

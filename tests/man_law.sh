# The manuals: lint-clean (whatever else is installed here), and asched(1) names every command and every option there is.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
page=$ASCHED_SOURCE/man/asched.1

if command -v mandoc > /dev/null; then
	for manual in "$ASCHED_SOURCE"/man/*.[1-8]; do
		is "$(basename "$manual") is lint-clean" "" \
			"$(mandoc -Tlint -W style "$manual" 2>&1 | grep -vE 'referenced manual not found|outdated mandoc.db')"
		# A word such as In would be a macro there.
		is "$(basename "$manual") has headings of words alone" "" \
			"$(mandoc "$manual" | grep -E '^ {0,3}[^ ].*<')"
	done
else
	skip 'the manuals are lint-clean' 'mandoc is not installed'
fi

missing=
for command in $(asched --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
	grep -qE "^\.It (Cm|Xo Cm) $command\b" "$page" || missing="$missing $command"
	for option in $(asched "$command" --help | grep -oE '^  .{4}--[a-z-]+' | sed 's/.*--//'); do
		grep -qE "(Fl|\|) -$option( |$)" "$page" || missing="$missing $command--$option"
	done
done
is 'asched(1) explains every command and every option' '' "$missing"
finish

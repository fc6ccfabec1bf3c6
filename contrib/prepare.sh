# What quickstart and check share: the distribution's packages, and a build beside the sources.
# Sourced with the source directory as the working directory.

build_packages='gcc libc6-dev make autoconf automake pkg-config tzdata libev-dev libsqlite3-dev
libinih-dev libcurl4-openssl-dev libjansson-dev'

say() {
	printf '\n== %s\n' "$*"
}

die() {
	printf '%s: %s\n' "$0" "$*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo > /dev/null; then
		sudo "$@"
	else
		die "these need root, and there is no sudo: $*"
	fi
}

# need_packages NAME...: installs what is missing of the distribution's packages.
need_packages() {
	missing=
	for package in "$@"; do
		dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' ||
			missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	command -v apt-get > /dev/null || die "install these packages first:$missing"
	say "Installing packages of the distribution:$missing"
	as_root env DEBIAN_FRONTEND=noninteractive sh -c '
		apt-get update -q && apt-get install -q -y --no-install-recommends "$@"' \
		sh $missing || die "the packages cannot be installed:$missing"
}

# quietly LOG COMMAND...: its output is shown only when it fails.
quietly() {
	log=$1
	shift
	"$@" > "$log" 2>&1 && return 0
	tail -n 60 "$log" >&2
	printf '%s: failed: %s (all of it: %s)\n' "$0" "$*" "$log" >&2
	return 1
}

# build DIR OPTIONS TARGETS: configures and makes in DIR, which is below the sources.
build() {
	mkdir -p "$1"
	[ -x configure ] && [ configure -nt configure.ac ] || quietly "$1/autogen.log" ./autogen.sh || return 1
	source_dir=$PWD
	(
		cd "$1" || exit 1
		if [ ! -f Makefile ] || [ Makefile -ot "$source_dir/configure" ]; then
			quietly configure.log "$source_dir/configure" $2 || exit 1
		fi
		quietly make.log make -j"$(nproc)" $3
	)
}

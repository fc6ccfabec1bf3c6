# contrib: the two commands of README.md.
EXTRA_DIST += contrib/bench/README contrib/check contrib/prepare.sh contrib/quickstart .ci/run

# contrib: the two commands of README.md.
EXTRA_DIST += contrib/check contrib/prepare.sh contrib/quickstart .ci/run

# What src/cli builds.

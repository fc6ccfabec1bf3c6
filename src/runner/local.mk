# What src/runner builds.

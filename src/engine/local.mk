# What src/engine builds.

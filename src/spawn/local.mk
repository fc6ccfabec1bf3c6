# What src/spawn builds.

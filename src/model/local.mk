# What src/model builds.

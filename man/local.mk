# What man builds.

"""Property tests have no deadline: how long an example takes says nothing on a busy machine."""

from hypothesis import settings

# On top of the profile in force: in continuous integration that is Hypothesis's own.
settings.register_profile("untimed", settings.default, deadline=None)
settings.load_profile("untimed")

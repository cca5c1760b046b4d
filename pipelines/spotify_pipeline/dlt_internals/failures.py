"""What dlt raises, by what it means. Knows dlt's exceptions, not what is said of them.

dlt's documentation names few of them, and its wrappers keep the cause where only `__cause__` leads.
"""

from __future__ import annotations

from dlt.common.configuration.exceptions import ConfigFieldMissingException, ConfigurationException
from dlt.common.destination.exceptions import DestinationException, UnknownDestinationModule
from dlt.common.exceptions import MissingDependencyException

# Something that a person has set, or left out, or not installed.
CONFIGURATION = (ConfigurationException, UnknownDestinationModule, MissingDependencyException)
# Something about the place that is loaded to.
DESTINATION = (DestinationException,)


def missing_settings(error: BaseException) -> set[str]:
    """The settings that were looked for and not found; none where it is about something else."""
    return set(error.fields) if isinstance(error, ConfigFieldMissingException) else set()

"""How dlt tells what it is at. Knows its collectors, not what is shown.

dlt's documentation has collectors to choose from, none that keeps still, and no base to derive another from: by default
a pipeline asks the configuration for one, at each step.
"""

from __future__ import annotations

from dlt.common.runtime.collector import NullCollector


class Progress(NullCollector):
    """Shows nothing; remembers the step that a pipeline is at: 'Extract', 'Normalize', 'Load', or ''."""

    step = ""

    def _start(self, step: str) -> None:
        self.step = step.split(maxsplit=1)[0]

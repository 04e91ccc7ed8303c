"""The demo company (演示): made-up files brought in through the real import, and recordings for the real detector.

`configuration()` is its mingcha.toml, `prepare` the quick part before the first page, `finish` the slow part that the
worker goes on with: recordings, and each full hour another export. See docs/demo.md.
"""

from dashboard.demo.configuration import configuration
from dashboard.demo.preparing import finish, is_filming, prepare

__all__ = ["configuration", "finish", "is_filming", "prepare"]
